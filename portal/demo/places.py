"""Towns with their postcodes, area codes and streets, and how an address is written in each country."""

from random import Random
from typing import NamedTuple


class Town(NamedTuple):
    """A town; `region` is the county (SK, EE), the province (TR) or the federal state (DE)."""

    name: str
    region: str
    postcodes: tuple[str, ...]
    area_code: str


ZONES = {"SK": "Europe/Bratislava", "EE": "Europe/Tallinn", "TR": "Europe/Istanbul", "DE": "Europe/Berlin"}

# Regions of Slovakia that the group North looks after; the others belong to South-West.
NORTHERN_REGIONS = ("Žilinský kraj", "Prešovský kraj", "Košický kraj")

TOWNS: dict[str, list[Town]] = {
    "SK": [
        Town("Košice", "Košický kraj", ("040 01", "040 11", "040 17"), "55"),
        Town("Prešov", "Prešovský kraj", ("080 01", "080 05"), "51"),
        Town("Žilina", "Žilinský kraj", ("010 01", "010 08"), "41"),
        Town("Martin", "Žilinský kraj", ("036 01",), "43"),
        Town("Poprad", "Prešovský kraj", ("058 01",), "52"),
        Town("Michalovce", "Košický kraj", ("071 01",), "56"),
        Town("Spišská Nová Ves", "Košický kraj", ("052 01",), "53"),
        Town("Humenné", "Prešovský kraj", ("066 01",), "57"),
        Town("Bardejov", "Prešovský kraj", ("085 01",), "54"),
        Town("Liptovský Mikuláš", "Žilinský kraj", ("031 01",), "44"),
        Town("Ružomberok", "Žilinský kraj", ("034 01",), "44"),
        Town("Bratislava", "Bratislavský kraj", ("811 01", "821 08", "831 04", "851 01"), "2"),
        Town("Nitra", "Nitriansky kraj", ("949 01",), "37"),
        Town("Trnava", "Trnavský kraj", ("917 01",), "33"),
        Town("Trenčín", "Trenčiansky kraj", ("911 01",), "32"),
        Town("Banská Bystrica", "Banskobystrický kraj", ("974 01",), "48"),
        Town("Zvolen", "Banskobystrický kraj", ("960 01",), "45"),
        Town("Prievidza", "Trenčiansky kraj", ("971 01",), "46"),
        Town("Považská Bystrica", "Trenčiansky kraj", ("017 01",), "42"),
        Town("Levice", "Nitriansky kraj", ("934 01",), "36"),
        Town("Komárno", "Nitriansky kraj", ("945 01",), "35"),
        Town("Dunajská Streda", "Trnavský kraj", ("929 01",), "31"),
        Town("Lučenec", "Banskobystrický kraj", ("984 01",), "47"),
    ],
    "EE": [
        Town("Tallinn", "Harju maakond", ("10119", "10145", "11317", "13619"), "6"),
        Town("Tartu", "Tartu maakond", ("51003", "50409"), "73"),
        Town("Pärnu", "Pärnu maakond", ("80010", "80042"), "44"),
        Town("Narva", "Ida-Viru maakond", ("20307",), "35"),
        Town("Viljandi", "Viljandi maakond", ("71020",), "43"),
        Town("Rakvere", "Lääne-Viru maakond", ("44306",), "32"),
        Town("Haapsalu", "Lääne maakond", ("90502",), "47"),
        Town("Kuressaare", "Saare maakond", ("93812",), "45"),
        Town("Võru", "Võru maakond", ("65608",), "78"),
        Town("Jõhvi", "Ida-Viru maakond", ("41531",), "33"),
        Town("Paide", "Järva maakond", ("72711",), "38"),
    ],
    "TR": [
        Town("Şişli/İstanbul", "İstanbul", ("34394", "34381"), "212"),
        Town("Beşiktaş/İstanbul", "İstanbul", ("34353",), "212"),
        Town("Kadıköy/İstanbul", "İstanbul", ("34710",), "216"),
        Town("Ümraniye/İstanbul", "İstanbul", ("34764",), "216"),
        Town("Çankaya/Ankara", "Ankara", ("06690", "06420"), "312"),
        Town("Konak/İzmir", "İzmir", ("35250",), "232"),
        Town("Bornova/İzmir", "İzmir", ("35040",), "232"),
        Town("Nilüfer/Bursa", "Bursa", ("16140",), "224"),
        Town("Gebze/Kocaeli", "Kocaeli", ("41400",), "262"),
        Town("Selçuklu/Konya", "Konya", ("42060",), "332"),
        Town("Şehitkamil/Gaziantep", "Gaziantep", ("27090",), "342"),
        Town("Muratpaşa/Antalya", "Antalya", ("07100",), "242"),
        Town("Melikgazi/Kayseri", "Kayseri", ("38030",), "352"),
    ],
    "DE": [
        Town("Stuttgart", "Baden-Württemberg", ("70173", "70565"), "711"),
        Town("München", "Bayern", ("80331", "80807"), "89"),
        Town("Hamburg", "Hamburg", ("20095",), "40"),
        Town("Berlin", "Berlin", ("10115", "12435"), "30"),
        Town("Köln", "Nordrhein-Westfalen", ("50667",), "221"),
        Town("Frankfurt am Main", "Hessen", ("60311",), "69"),
        Town("Dresden", "Sachsen", ("01067",), "351"),
        Town("Leipzig", "Sachsen", ("04109",), "341"),
        Town("Nürnberg", "Bayern", ("90402",), "911"),
        Town("Hannover", "Niedersachsen", ("30159",), "511"),
        Town("Dortmund", "Nordrhein-Westfalen", ("44135",), "231"),
        Town("Bremen", "Bremen", ("28195",), "421"),
        Town("Augsburg", "Bayern", ("86150",), "821"),
        Town("Mannheim", "Baden-Württemberg", ("68159",), "621"),
        Town("Chemnitz", "Sachsen", ("09111",), "371"),
        Town("Ulm", "Baden-Württemberg", ("89073",), "731"),
    ],
}

STREETS = {
    "SK": ["Kukučínova", "Hlavná", "Štúrova", "Hviezdoslavova", "Priemyselná", "Štefánikova", "Továrenská",
           "Mlynská", "Letná", "Rastislavova", "Kuzmányho", "Námestie slobody", "Južná trieda",
           "Sládkovičova"],
    "EE": ["Pärnu mnt", "Narva mnt", "Tartu mnt", "Peterburi tee", "Kalda tee", "Tööstuse", "Riia", "Pikk",
           "Lai", "Kadaka tee", "Mustamäe tee", "Sepa", "Ringtee", "Jaama"],
    "TR": ["Atatürk Cd.", "Cumhuriyet Cd.", "İstiklal Cd.", "Bağdat Cd.", "Sanayi Cd.", "Gazi Blv.",
           "Barbaros Blv.", "Çiçek Sk.", "Fatih Cd.", "İnönü Cd.", "Lale Sk.", "Organize San. Blg. 3. Cd."],
    "DE": ["Hauptstraße", "Bahnhofstraße", "Industriestraße", "Schillerstraße", "Gartenstraße",
           "Lindenallee", "Am Hafen", "Werkstraße", "Goethestraße", "Daimlerstraße", "Siemensring",
           "Mühlenweg"],
}  # fmt: skip


def make_address(rng: Random, country: str, town: Town) -> dict[str, str]:
    """An address in `town`: street, postcode, city, region and country (ISO 3166-1 alpha-2)."""
    street, number = rng.choice(STREETS[country]), rng.randint(1, 96)
    if country == "TR":
        street = f"{street} No: {number}"
    else:
        street = f"{street} {number}"
        if country == "SK" and rng.random() < 0.2:
            street += f"/{rng.choice('ABC')}"
    return {
        "street": street,
        "postcode": rng.choice(town.postcodes),
        "city": town.name,
        "region": town.region,
        "country": country,
    }


def one_line(address: dict[str, str]) -> str:
    """The address as it stands on a letter, on one line."""
    return f"{address['street']}, {address['postcode']} {address['city']}"
