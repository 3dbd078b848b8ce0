"""Registration, tax and bank numbers with right check digits, and phone numbers, for four countries.

Every function takes a `random.Random` and makes a number that a validator accepts; whether a firm with
that number exists is chance.
"""

from random import Random


def ico(rng: Random) -> str:
    """Slovak IČO: seven digits and a check digit, weights 8 to 2, modulo 11."""
    body = f"{rng.randint(3_100_000, 5_699_999)}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, range(8, 1, -1), strict=True)) % 11
    return body + str((11 - rest) % 10)


def sk_vat(rng: Random) -> str:
    """Slovak IČ DPH: SK and ten digits divisible by 11; the third digit tells the kind of payer."""
    while True:
        number = rng.randint(202_000_000, 202_999_999) * 10
        number += -number % 11
        if number % 11 == 0 and len(str(number)) == 10 and str(number)[2] in "234789":
            return f"SK{number}"


def registrikood(rng: Random) -> str:
    """Estonian registry code: eight digits, weights 1 to 7, on remainder 10 weights 3 to 9 (3 + 4 wrap)."""
    body = f"{rng.randint(1_000_000, 1_699_999)}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, (1, 2, 3, 4, 5, 6, 7), strict=True)) % 11
    if rest == 10:
        rest = sum(int(digit) * weight for digit, weight in zip(body, (3, 4, 5, 6, 7, 8, 9), strict=True)) % 11
    return body + str(rest % 10)


def kmkr(rng: Random) -> str:
    """Estonian VAT number: EE and nine digits, weights 3 7 1 3 7 1 3 7 1, sum divisible by 10."""
    body = f"10{rng.randint(0, 999_999):06d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return f"EE{body}{-total % 10}"


def vergi_no(rng: Random) -> str:
    """Turkish tax number (VKN): nine digits and a check digit."""
    body = f"{rng.randint(100_000_000, 999_999_999)}"
    total = 0
    for position, digit in enumerate(reversed(body), start=1):
        shifted = (int(digit) + position) % 10
        if shifted:
            total += (shifted * 2**position) % 9 or 9
    return body + str(-total % 10)


def mersis_no(vergi: str) -> str:
    """The number in the Turkish central trade register: 0, the tax number, 00001 and a running pair."""
    return f"0{vergi}00015"


def ust_id(rng: Random) -> str:
    """German USt-IdNr: DE and nine digits, ISO 7064 Mod 11, 10."""
    body = f"{rng.randint(11_000_000, 99_999_999)}"
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return f"DE{body}{(11 - product) % 10}"


def handelsregister(rng: Random, court: str) -> str:
    """German register number with its court; numbers are only unique per court."""
    return f"{court} HRB {rng.randint(1_200, 239_999)}"


def slovak_iban(rng: Random) -> str:
    """Slovak IBAN; prefix and account number each have a weighted sum divisible by 11."""
    weights = (6, 3, 7, 9, 10, 5, 8, 4, 2, 1)
    while True:
        account = f"{rng.randint(1_000_000_000, 9_999_999_999)}"
        if sum(int(digit) * weight for digit, weight in zip(account, weights, strict=True)) % 11 == 0:
            return _iban("SK", f"1100000000{account}")


def estonian_iban(rng: Random) -> str:
    """Estonian IBAN; the last digit of the account makes its 7-3-1 sum divisible by 10."""
    account = f"2210{rng.randint(0, 999_999_999):09d}"
    total = sum(int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(reversed(account)))
    return _iban("EE", f"22{account[2:]}{-total % 10}".rjust(16, "0"))


def _iban(country: str, account: str) -> str:
    """The account with the ISO 13616 check digits before it."""
    letters = "".join(str(ord(letter) - 55) for letter in country)
    check = 98 - int(f"{account}{letters}00") % 97
    return f"{country}{check:02d}{account}"


def landline(rng: Random, country: str, area: str) -> str:
    """A number of a town, in international writing."""
    if country == "SK":
        if area == "2":
            return f"+421 2 {rng.randint(4000, 6999)} {rng.randint(0, 9999):04d}"
        return f"+421 {area} {rng.randint(600, 799)} {rng.randint(0, 9999):04d}"
    if country == "EE":
        digits = f"{area}{rng.randint(0, 10 ** (7 - len(area)) - 1):0{7 - len(area)}d}"
        return f"+372 {digits[:3]} {digits[3:]}"
    if country == "TR":
        return f"+90 {area} {rng.randint(220, 599)} {rng.randint(0, 99):02d} {rng.randint(0, 99):02d}"
    return f"+49 {area} {rng.randint(200_000, 9_999_999)}"


def mobile(rng: Random, country: str) -> str:
    """A mobile number, in international writing."""
    if country == "SK":
        prefix = rng.choice(["902", "903", "905", "907", "911", "915", "918", "940", "944", "948", "949"])
        return f"+421 {prefix} {rng.randint(100, 999)} {rng.randint(0, 999):03d}"
    if country == "EE":
        return f"+372 5{rng.randint(100, 699):03d} {rng.randint(1000, 9999)}"
    if country == "TR":
        prefix = rng.choice(["532", "533", "535", "541", "542", "544", "552", "553", "555"])
        return f"+90 {prefix} {rng.randint(200, 999)} {rng.randint(0, 99):02d} {rng.randint(0, 99):02d}"
    prefix = rng.choice(["151", "160", "170", "171", "175"])
    low, high = (10_000_000, 69_999_999) if prefix == "151" else (1_000_000, 9_999_999)
    return f"+49 {prefix} {rng.randint(low, high)}"
