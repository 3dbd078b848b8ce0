"""Remake what is committed from other people's packages: the icon sprite and the font subsets.

A maintainer runs this by hand after adding an icon to `icons.txt` or raising a version below:

    pip install 'fonttools[woff]' && python portal/frontend/vendor.py

It fetches the npm packages named here into a temporary folder, writes `portal/static/icons.svg` and
`portal/static/fonts/`, and copies both licences beside them. Nothing else in the project needs fonttools.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import tempfile

from build import run_npm  # pyright: ignore[reportAttributeAccessIssue]  # build.py beside this file

PACKAGES = {"lucide-static": "1.62.0", "inter-ui": "4.1.1"}
FRONTEND = pathlib.Path(__file__).resolve().parent
STATIC = FRONTEND.parent / "static"

# One file carries all that English, Slovak, Estonian and Turkish need, so that a page loads a single font.
SUBSETS = {
    "latin": "U+0000-00FF,U+0100-017F,U+018F,U+0192,U+0218-021B,U+0259,U+02BB-02BC,U+02C6-02C7,U+02D8-02DD,"
    "U+1E9E,U+2002-2003,U+2009-200A,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032-2033,U+2039-203A,"
    "U+20AC,U+20BA,U+2116,U+2122,U+2190-2193,U+21E7,U+2212,U+2215,U+2264-2265,U+2318,U+23CE",
    "latin-ext": "U+0180-0217,U+021C-02BA,U+0300-036F,U+1E00-1E9D,U+1E9F-1EFF,U+20A0-20AB,U+20AD-20B9,U+20BB-20C0",
    "cyrillic": "U+0400-045F,U+0490-0491,U+04B0-04B1,U+20BD",
}
WEIGHTS = (400, 700)
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "calt", "tnum", "case"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder)
        (target / "package.json").write_text('{"private": true}')
        run_npm(["install", "--ignore-scripts", *(f"{n}@{v}" for n, v in PACKAGES.items())], cwd=target)
        modules = target / "node_modules"
        write_sprite(modules / "lucide-static")
        write_fonts(modules / "inter-ui")


def write_sprite(package: pathlib.Path) -> None:
    """One `<symbol>` per name in icons.txt; a line `ours = lucide` gives an icon our own name."""
    symbols = []
    for line in (FRONTEND / "icons.txt").read_text().split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, source = (part.strip() for part in line.partition("="))
        svg = (package / "icons" / f"{source or name}.svg").read_text()
        shapes = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if shapes is None:
            raise SystemExit(f"{source or name}.svg is not an SVG picture")
        body = re.sub(r"\s*\n\s*", "", shapes.group(1)).replace(" />", "/>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    notice = f"<!-- Lucide {PACKAGES['lucide-static']}, ISC licence: see icons-LICENSE.txt -->"
    sprite = ['<svg xmlns="http://www.w3.org/2000/svg">', notice, *symbols, "</svg>", ""]
    (STATIC / "icons.svg").write_text("\n".join(sprite))
    shutil.copy(package / "LICENSE", STATIC / "icons-LICENSE.txt")


def write_fonts(package: pathlib.Path) -> None:
    """Cut Inter to the weights, features and letters we use."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    fonts = STATIC / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    for name, ranges in SUBSETS.items():
        font = TTFont(package / "variable" / "InterVariable.woff2")
        options = subset.Options(layout_features=FEATURES, flavor="woff2", hinting=False, notdef_outline=True)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=subset.parse_unicodes(ranges.replace("U+", "")))
        cutter.subset(font)
        font = instancer.instantiateVariableFont(font, {"opsz": 14, "wght": WEIGHTS})
        subset.save_font(font, str(fonts / f"inter-{name}.woff2"), options)
    shutil.copy(package / "LICENSE.txt", fonts / "inter-LICENSE.txt")


if __name__ == "__main__":
    main()
