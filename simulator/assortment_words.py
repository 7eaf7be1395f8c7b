"""The words an invented grocery assortment is put together from: `KINDS` of goods, in the languages of Europe.

Rule: invented brands only, and every letter a shop in Europe may print.
"""

from msgspec import Struct


class Kind(Struct, frozen=True):
    """One kind of goods. `per_unit` is the price band of one kg, l or piece; `packs` are (amount, unit)."""

    category: str
    unit: str
    per_unit: tuple[float, float]
    packs: tuple[tuple[float, str], ...]
    names: dict[str, tuple[str, ...]]  # by language: "noun|variant|variant..."
    deposit: str | None = None


BRANDS = {
    "hr": ("Zlatna Brazda", "Primorka", "Vrtna Bašta", "Šumarak", "Kućanica"),
    "de": ("Grünhof", "Mühlhofer", "Nordsüß", "Alpenrösli", "Gute Stube"),
    "it": ("Corte Lùcida", "Dolce Età", "Fior di Colle", "Nonna Ninì"),
    "fr": ("L’Épi Doré", "Prés d’Ici", "Maison Évrard", "Çà & Là"),
    "pl": ("Złoty Łan", "Pod Dębem", "Zielona Miska", "Babcine Smaki"),
    "cs": ("Čistá Příroda", "Dobrý Soused", "Říční Mlýn"),
    "hu": ("Őrségi", "Jó Ízű", "Tündérkert"),
    "es": ("Peña Clara", "Viñedo Añil", "Campo Añejo"),
    "sv": ("Äpplegården", "Öarna", "Fjällskog"),
    "tr": ("Güneş", "İnci Çiftliği"),
    "el": ("Ηλιόλουστο", "Θάλασσα"),
}

ORIGINS = {
    "hr": "Hrvatska",
    "de": "Deutschland",
    "it": "Italia",
    "fr": "France",
    "pl": "Polska",
    "cs": "Česko",
    "hu": "Magyarország",
    "es": "España",
    "sv": "Sverige",
    "tr": "Türkiye",
    "el": "Ελλάδα",
}

# The first three digits of an EAN-13 of goods numbered there.
EAN_PREFIXES = {
    "hr": "385",
    "de": "401",
    "it": "801",
    "fr": "312",
    "pl": "590",
    "cs": "859",
    "hu": "599",
    "es": "841",
    "sv": "731",
    "tr": "869",
    "el": "520",
}

_KG = ((0.25, "kg"), (0.5, "kg"), (1.0, "kg"))
_SNACK = ((0.1, "kg"), (0.15, "kg"), (0.2, "kg"), (0.3, "kg"))
_DRINK = ((0.33, "l"), (0.5, "l"), (1.0, "l"), (1.5, "l"))

KINDS = (
    Kind(
        "Dairy",
        "l",
        (0.9, 1.9),
        ((0.5, "l"), (1.0, "l")),
        {
            "hr": ("Svježe mlijeko|2,8 % m.m.|3,2 % m.m.|bez laktoze", "Kefir|prirodni|šumsko voće"),
            "de": ("Frische Vollmilch|3,8 % Fett|laktosefrei", "Buttermilch|natur|Zitrone"),
            "pl": ("Mleko świeże|2,0 %|3,2 %|bez laktozy", "Maślanka|naturalna|truskawkowa"),
            "sv": ("Mellanmjölk|1,5 %|laktosfri", "Filmjölk|naturell|hallon"),
        },
    ),
    Kind(
        "Yoghurt",
        "kg",
        (2.2, 6.5),
        ((0.125, "kg"), (0.15, "kg"), (0.4, "kg"), (0.5, "kg")),
        {
            "hr": ("Voćni jogurt|jagoda|borovnica|breskva|višnja", "Grčki jogurt|natur|med i orah"),
            "de": ("Fruchtjoghurt|Erdbeere|Heidelbeere|Pfirsich-Maracuja", "Quark|Magerstufe|20 % Fett"),
            "fr": ("Yaourt|nature|à la fraise|aux myrtilles", "Fromage frais|nature|aux herbes"),
            "el": ("Γιαούρτι στραγγιστό|2 %|5 %|με μέλι",),
            "tr": ("Süzme yoğurt|sade|ballı",),
        },
    ),
    Kind(
        "Cheese",
        "kg",
        (8.5, 29.9),
        ((0.1, "kg"), (0.15, "kg"), (0.25, "kg"), (0.4, "kg")),
        {
            "it": ("Formaggio|stagionato 24 mesi|pecorino|fresco di capra", "Mozzarella|di bufala|light"),
            "fr": ("Fromage|à pâte molle|bleu d’Auvergne|de chèvre cendré",),
            "de": ("Bergkäse|mild|würzig 12 Monate", "Schnittkäse|in Scheiben|mit Kümmel"),
            "es": ("Queso|de oveja curado|semicurado|manchego añejo",),
            "cs": ("Sýr|eidam 30 %|niva|s bylinkami",),
        },
    ),
    Kind(
        "Bread",
        "kg",
        (2.4, 7.9),
        ((0.3, "kg"), (0.5, "kg"), (0.75, "kg")),
        {
            "hr": ("Kruh|polubijeli|raženi|s bučinim sjemenkama", "Tost|integralni|bijeli"),
            "de": ("Roggenmischbrot|geschnitten|am Stück", "Vollkornbrot|Sonnenblumenkerne|Dinkel"),
            "fr": ("Pain|de campagne|complet|aux noix", "Brioche|pur beurre|tranchée"),
            "pl": ("Chleb|żytni|pszenno-żytni|z ziarnami",),
            "sv": ("Knäckebröd|råg|sesam och havssalt",),
        },
    ),
    Kind(
        "Pasta",
        "kg",
        (1.6, 5.9),
        ((0.25, "kg"), (0.5, "kg"), (1.0, "kg")),
        {
            "it": ("Pasta di semola|spaghetti n° 5|penne rigate|fusilli|farfalle", "Gnocchi|di patate|alla zucca"),
            "hr": ("Tjestenina|rezanci|fida|puž", "Njoki|krumpir|špinat"),
            "hu": ("Tészta|fodros nagykocka|csusza|cérnametélt",),
            "tr": ("Makarna|burgu|şehriye",),
        },
    ),
    Kind(
        "Coffee",
        "kg",
        (9.9, 34.0),
        ((0.1, "kg"), (0.25, "kg"), (0.5, "kg"), (1.0, "kg")),
        {
            "it": ("Caffè macinato|espresso|crema e gusto|decaffeinato", "Caffè in grani|100 % arabica|forte"),
            "de": ("Röstkaffee gemahlen|mild|kräftig|entkoffeiniert", "Kaffeebohnen|Crema|Espresso"),
            "hr": ("Mljevena kava|minas|bez kofeina",),
            "tr": ("Türk kahvesi|orta kavrulmuş|damla sakızlı",),
            "sv": ("Bryggkaffe|mellanrost|mörkrost|ekologiskt",),
        },
    ),
    Kind(
        "Chocolate",
        "kg",
        (7.9, 32.0),
        ((0.08, "kg"), (0.1, "kg"), (0.2, "kg"), (0.3, "kg")),
        {
            "de": ("Schokolade|Vollmilch|Haselnuss|Zartbitter 70 %|Joghurt-Erdbeere",),
            "fr": ("Chocolat|noir 85 %|au lait|noisettes entières|fleur de sel",),
            "hr": ("Čokolada|mliječna|s lješnjacima|s rižom",),
            "cs": ("Čokoláda|hořká|mléčná|s oříšky",),
            "es": ("Turrón|de Jijona|de Alicante|de chocolate",),
        },
    ),
    Kind(
        "Snacks",
        "kg",
        (5.9, 16.9),
        _SNACK,
        {
            "de": ("Kartoffelchips|gesalzen|Paprika|Sour Cream", "Salzbrezeln|klassisch|Dinkel"),
            "hr": ("Čips|slani|paprika|vrhnje i luk", "Grickalice|kikiriki|štapići"),
            "hu": ("Burgonyachips|sós|hagymás-tejfölös",),
            "pl": ("Chipsy|solone|zielona cebulka|papryka", "Orzeszki|solone|w miodzie"),
            "es": ("Patatas fritas|al punto de sal|jamón|sin sal añadida",),
        },
    ),
    Kind(
        "Water",
        "l",
        (0.3, 0.95),
        ((0.5, "l"), (1.0, "l"), (1.5, "l"), (6.0, "l")),
        {
            "hr": ("Prirodna izvorska voda|negazirana|gazirana|limun i menta",),
            "de": ("Mineralwasser|classic|medium|naturell",),
            "fr": ("Eau minérale|naturelle|gazeuse|citron",),
            "cs": ("Minerální voda|jemně perlivá|neperlivá|pomeranč",),
        },
        deposit="0.10",
    ),
    Kind(
        "Juice and soft drinks",
        "l",
        (0.8, 3.4),
        _DRINK,
        {
            "hr": ("Nektar|breskva|naranča|jabuka|crni ribiz", "Gazirani sok|limun|naranča"),
            "de": ("Apfelsaft|klar|naturtrüb", "Limonade|Zitrone|Rhabarber|Holunderblüte"),
            "es": ("Zumo|de naranja con pulpa|de piña|de melocotón",),
            "sv": ("Äppelmust|klar|lingon", "Läsk|päron|sockerdricka"),
            "pl": ("Sok|jabłkowy|marchwiowy|wiśniowy",),
        },
        deposit="0.10",
    ),
    Kind(
        "Beer",
        "l",
        (1.6, 5.2),
        ((0.33, "l"), (0.5, "l")),
        {
            "cs": ("Pivo|světlý ležák 11°|černé|polotmavé 12°|nealkoholické",),
            "de": ("Bier|Pils|Helles|Hefeweizen|alkoholfrei",),
            "hr": ("Pivo|svijetlo|tamno|radler limun",),
            "pl": ("Piwo|jasne pełne|pszeniczne|bezalkoholowe 0,0 %",),
        },
        deposit="0.10",
    ),
    Kind(
        "Wine",
        "l",
        (4.5, 26.0),
        ((0.75, "l"), (1.0, "l")),
        {
            "hr": ("Kvalitetno vino|graševina|plavac mali|malvazija istarska|pošip",),
            "fr": ("Vin|rouge Côtes du Rhône|blanc sec|rosé de Provence",),
            "it": ("Vino|bianco frizzante|rosso Nero d’Avola|primitivo",),
            "es": ("Vino tinto|crianza|reserva|joven",),
            "hu": ("Bor|egri bikavér|furmint félszáraz",),
        },
    ),
    Kind(
        "Meat",
        "kg",
        (4.9, 21.5),
        ((0.3, "kg"), (0.4, "kg"), (0.5, "kg"), (0.8, "kg")),
        {
            "hr": ("Pileći file|svježi|marinirani", "Mljeveno meso|juneće|miješano"),
            "de": ("Hähnchenbrustfilet|natur|mariniert", "Hackfleisch|gemischt|vom Rind"),
            "hu": ("Sertéskaraj|csontos|szeletelt", "Kolbász|csípős|csemege"),
            "pl": ("Kiełbasa|śląska|krakowska sucha|biała", "Szynka|gotowana|wędzona"),
        },
    ),
    Kind(
        "Fish",
        "kg",
        (8.9, 38.0),
        ((0.08, "kg"), (0.125, "kg"), (0.16, "kg"), (0.4, "kg")),
        {
            "hr": ("Sardine|u maslinovom ulju|s limunom", "Tuna|u vlastitom soku|s povrćem"),
            "es": ("Anchoas|del Cantábrico|en aceite de oliva", "Mejillones|en escabeche|al natural"),
            "sv": ("Sill|inlagd|senap|i dillsås", "Lax|kallrökt|gravad"),
            "el": ("Σαρδέλες|σε ελαιόλαδο|πικάντικες",),
        },
    ),
    Kind(
        "Oil and vinegar",
        "l",
        (1.9, 16.0),
        ((0.25, "l"), (0.5, "l"), (0.75, "l"), (1.0, "l")),
        {
            "it": (
                "Olio extravergine di oliva|classico|biologico|non filtrato",
                "Aceto balsamico|di Modena IGP|bianco",
            ),
            "el": ("Ελαιόλαδο|εξαιρετικό παρθένο|Καλαμάτας",),
            "hr": ("Ulje|suncokretovo|bučino|repičino",),
            "es": ("Aceite de oliva|virgen extra|suave",),
        },
    ),
    Kind(
        "Preserves",
        "kg",
        (2.4, 12.9),
        ((0.2, "kg"), (0.34, "kg"), (0.4, "kg"), (0.72, "kg")),
        {
            "hr": ("Džem|marelica|šljiva|šipak", "Ajvar|blagi|ljuti", "Krastavci|delikates|sa senfom"),
            "de": ("Konfitüre|Erdbeere|Sauerkirsche|Schwarze Johannisbeere", "Gewürzgurken|Honig|süß-sauer"),
            "fr": ("Confiture|abricot|figue|quatre fruits", "Moutarde|de Dijon|à l’ancienne"),
            "pl": ("Dżem|truskawkowy|z czarnej porzeczki", "Ogórki|kiszone|konserwowe"),
            "cs": ("Kečup|jemný|ostrý", "Povidla|švestková|se skořicí"),
        },
    ),
    Kind(
        "Frozen",
        "kg",
        (2.9, 15.9),
        ((0.3, "kg"), (0.35, "kg"), (0.45, "kg"), (0.75, "kg")),
        {
            "it": ("Pizza|margherita|quattro formaggi|ai funghi", "Gelato|pistacchio|stracciatella"),
            "de": ("Rahmspinat|klassisch|mit Zwiebeln", "Pommes frites|Backofen|Süßkartoffel"),
            "hr": ("Sladoled|vanilija|čokolada|lješnjak", "Grašak|mladi|s mrkvom"),
            "pl": ("Pierogi|ruskie|z mięsem|z kapustą i grzybami",),
        },
    ),
    Kind(
        "Fruit and vegetables",
        "kg",
        (0.9, 6.9),
        _KG,
        {
            "hr": ("Jabuke|idared|zlatni delišes|granny smith", "Rajčica|grozd|cherry", "Krumpir|rani|crveni"),
            "es": ("Naranjas|de mesa|para zumo", "Pimientos|rojos|de Padrón"),
            "it": ("Pomodorini|ciliegino|datterino", "Insalata|rucola|valeriana"),
            "hu": ("Paprika|kápia|hegyes erős", "Görögdinnye|egész|magszegény"),
        },
    ),
    Kind(
        "Household",
        "piece",
        (0.08, 0.6),
        ((10, "piece"), (20, "piece"), (30, "piece"), (50, "piece")),
        {
            "hr": ("Vrećice za smeće|35 l|60 l s vezicom", "Salvete|bijele|božićne"),
            "de": ("Geschirrspültabs|All in 1|Zitrone", "Müllbeutel|20 l|35 l reißfest"),
            "fr": ("Sacs poubelle|30 l|50 l à liens", "Serviettes|blanches|à motifs"),
            "cs": ("Pytle na odpad|35 l|60 l zatahovací",),
        },
    ),
    Kind(
        "Drugstore",
        "l",
        (3.5, 26.0),
        ((0.2, "l"), (0.25, "l"), (0.4, "l"), (0.75, "l")),
        {
            "de": ("Shampoo|für feines Haar|Brennnessel|Anti-Schuppen", "Duschgel|Meeresfrische|Mandelöl"),
            "fr": ("Gel douche|fleur d’oranger|karité", "Shampooing|doux|aux œufs"),
            "hr": ("Deterdžent za rublje|color|bijelo rublje", "Tekući sapun|lavanda|aloe vera"),
            "pl": ("Płyn do naczyń|cytrynowy|miętowy", "Żel pod prysznic|świeży|łagodny"),
        },
    ),
)
