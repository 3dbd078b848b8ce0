"""People's and companies' names of four countries, and their Latin transliteration for e-mail addresses."""

import unicodedata
from random import Random

FIRST_NAMES: dict[str, dict[str, list[str]]] = {
    "SK": {
        "m": ["Marek", "Peter", "Ján", "Tomáš", "Martin", "Michal", "Juraj", "Ľuboš", "Andrej", "Štefan",
              "Matúš", "Róbert", "Pavol", "Jozef", "Vladimír", "Miroslav", "Dušan", "Ondrej", "Igor",
              "Radoslav"],
        "f": ["Jana", "Zuzana", "Katarína", "Eva", "Mária", "Lucia", "Monika", "Petra", "Ľudmila", "Silvia",
              "Andrea", "Veronika", "Ivana", "Martina", "Alžbeta", "Barbora", "Daniela", "Viera"],
    },
    "EE": {
        "m": ["Jaan", "Mart", "Tõnu", "Andres", "Rein", "Kalev", "Priit", "Urmas", "Märt", "Siim", "Rasmus",
              "Toomas", "Indrek", "Jüri", "Margus", "Taavi", "Meelis", "Ülo"],
        "f": ["Kadri", "Liis", "Piret", "Anneli", "Kristiina", "Tiina", "Maarja", "Helen", "Triin",
              "Katrin", "Reet", "Külli", "Õnne", "Merike", "Signe", "Pille"],
    },
    "TR": {
        "m": ["Mehmet", "Ahmet", "Mustafa", "Emre", "Burak", "Hakan", "Serkan", "Kemal", "Oğuz", "Çağlar",
              "Tolga", "Volkan", "Yiğit", "İbrahim", "Murat", "Cem", "Orhan"],
        "f": ["Ayşe", "Elif", "Zeynep", "Fatma", "Şebnem", "Gülşen", "Esra", "Derya", "Özlem", "Pınar",
              "Selin", "Burcu", "Nazlı", "İpek", "Tuğba", "Sevgi"],
    },
    "DE": {
        "m": ["Thomas", "Michael", "Andreas", "Jürgen", "Stefan", "Wolfgang", "Jörg", "Matthias",
              "Sebastian", "Florian", "Uwe", "Günther", "Lukas", "Tobias", "Markus", "Klaus"],
        "f": ["Sabine", "Petra", "Claudia", "Susanne", "Birgit", "Heike", "Anja", "Katja", "Julia", "Ute",
              "Franziska", "Bärbel", "Simone", "Nina", "Ulrike", "Kerstin"],
    },
}  # fmt: skip

SURNAMES: dict[str, list[str]] = {
    "SK": ["Kováč", "Horváth", "Novák", "Varga", "Tóth", "Baláž", "Molnár", "Polák", "Sedlák", "Hudák",
           "Lukáč", "Šimko", "Krajčí", "Bielik", "Mihálik", "Gajdoš", "Halas", "Ďurica", "Jurčák", "Kollár",
           "Lipták", "Majerník", "Ondruš", "Rusnák", "Slávik", "Vrábel", "Zeman", "Chovanec", "Žiak",
           "Čierny", "Biely", "Hanák", "Kubíček", "Petrovič", "Straka"],
    "EE": ["Tamm", "Saar", "Sepp", "Mägi", "Kask", "Kukk", "Rebane", "Ilves", "Pärn", "Koppel", "Luik",
           "Lepik", "Oja", "Raudsepp", "Kuusk", "Põder", "Lepp", "Kütt", "Vaher", "Kallas", "Laur",
           "Õunapuu", "Jõgi", "Randoja", "Sild"],
    "TR": ["Yılmaz", "Kaya", "Demir", "Şahin", "Çelik", "Yıldız", "Öztürk", "Aydın", "Özdemir", "Arslan",
           "Doğan", "Kılıç", "Aslan", "Çetin", "Kara", "Koç", "Kurt", "Özkan", "Şimşek", "Güneş", "Korkmaz",
           "Erdoğdu", "Bulut", "Aktaş"],
    "DE": ["Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schäfer",
           "Koch", "Richter", "Klein", "Schröder", "Neumann", "Braun", "Krüger", "Hofmann", "Lange",
           "Krause", "Böhm", "Jäger", "Groß", "Vogt", "Seidel"],
}  # fmt: skip

STEMS: dict[str, list[str]] = {
    "SK": ["Kriváňska", "Zemplínska", "Hronská", "Gemerská", "Liptovská", "Šarišská", "Podtatranská",
           "Dubnická", "Ipeľská", "Turčianska", "Oravská", "Malokarpatská", "Spišská", "Torysská",
           "Pohronská", "Novohradská"],
    "EE": ["Kivisilla", "Põhjatähe", "Kuldranna", "Saarepuu", "Hiiemäe", "Läänekalda", "Metsavälja",
           "Merelaine", "Kaseoja", "Tammiku", "Rannavalge", "Ülejõe", "Linnuse", "Hõbemänni"],
    "TR": ["Akçaova", "Yıldıztepe", "Karadere", "Gökçepınar", "Bozkaya", "Sarıçam", "Altınbağ", "Kuzeyhan",
           "Mavikıyı", "Demirkonak", "Çınaraltı", "Güneştaş"],
    "DE": ["Brandhofer", "Lindenthaler", "Steinbrück", "Wiesengrund", "Eichfelder", "Nordlicht", "Auerwald",
           "Rothenbach", "Hallstädter", "Grünauer", "Silberhorn", "Weidenkamp"],
}  # fmt: skip

# Short Slovak made-up words, joined with an ending of the trade ("Tornalmont").
SLOVAK_SYLLABLES = [
    "Tornal",
    "Vihor",
    "Kremen",
    "Jasen",
    "Belan",
    "Roháč",
    "Sitno",
    "Vepor",
    "Drien",
    "Kalin",
]

# What a company's name says of its trade: main activity → the word in each country's language.
TRADE_WORDS: dict[str, dict[str, str]] = {
    "ma1": {"SK": "strojárenská", "EE": "Masinatehas", "TR": "Makine Sanayi", "DE": "Maschinenbau"},
    "ma2": {"SK": "kovospracujúca", "EE": "Metall", "TR": "Metal", "DE": "Metallbau"},
    "ma3": {"SK": "stavebná", "EE": "Ehitus", "TR": "İnşaat", "DE": "Bau"},
    "ma4": {"SK": "potravinárska", "EE": "Toit", "TR": "Gıda", "DE": "Lebensmittel"},
    "ma5": {"SK": "dopravná", "EE": "Logistika", "TR": "Lojistik", "DE": "Logistik"},
    "ma6": {"SK": "softvérová", "EE": "Tarkvara", "TR": "Yazılım", "DE": "Software"},
    "ma7": {"SK": "plastikárska", "EE": "Plast", "TR": "Plastik", "DE": "Kunststofftechnik"},
    "ma8": {"SK": "drevárska", "EE": "Puit", "TR": "Orman Ürünleri", "DE": "Holzwerke"},
    "ma9": {"SK": "energetická", "EE": "Energia", "TR": "Elektrik", "DE": "Elektrotechnik"},
    "ma10": {"SK": "textilná", "EE": "Tekstiil", "TR": "Tekstil", "DE": "Textil"},
}

SLOVAK_ENDINGS = {
    "ma1": "stroj", "ma2": "kov", "ma3": "stav", "ma4": "food", "ma5": "trans",
    "ma6": "soft", "ma7": "plast", "ma8": "drev", "ma9": "elektro", "ma10": "tex",
}  # fmt: skip

_SPELLING = str.maketrans({
    "ä": "a", "ö": "o", "ü": "u", "ß": "ss", "ı": "i", "İ": "I", "õ": "o", "ø": "o",
})  # fmt: skip
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def feminine(surname: str) -> str:
    """The Slovak feminine form: Kováč → Kováčová, Biely → Biela, Chovanec → Chovancová."""
    if surname.endswith(("ý", "y")):
        return surname[:-1] + ("á" if surname.endswith("ý") else "a")
    if surname.endswith("í"):
        return surname[:-1] + "íková"
    if surname.endswith(("ec", "ek")):
        return surname[:-2] + surname[-1] + "ová"
    return surname.rstrip("ao") + "ová"


def make_person(rng: Random, country: str) -> tuple[str, str]:
    """A first name and a surname that agree in gender."""
    gender = rng.choice("mf")
    first, surname = rng.choice(FIRST_NAMES[country][gender]), rng.choice(SURNAMES[country])
    return first, feminine(surname) if country == "SK" and gender == "f" else surname


def make_company_name(rng: Random, country: str, main_activity: str) -> tuple[str, str]:
    """A made-up company: its short name and its full name with the legal form."""
    word = TRADE_WORDS[main_activity][country]
    stem = rng.choice(STEMS[country])
    if country == "SK":
        if rng.random() < 0.4:
            short = rng.choice(SLOVAK_SYLLABLES) + SLOVAK_ENDINGS[main_activity]
        else:
            short = f"{stem} {word}"
        return short, f"{short}, {rng.choices(['s.r.o.', 'a.s.'], [3, 1])[0]}"
    forms = {"EE": ("OÜ", "AS"), "TR": ("Ltd. Şti.", "A.Ş."), "DE": ("GmbH", "AG")}[country]
    short = f"{stem} {word}"
    return short, f"{short} {rng.choices(forms, [3, 1])[0]}"


def ascii_name(text: str, country: str = "") -> str:
    """`text` in the letters of an e-mail address or a host name: small, no accents, words joined by '-'."""
    if country == "DE":
        text = text.translate(_GERMAN)
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLING)).encode("ascii", "ignore").decode()
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain.lower()).split())
