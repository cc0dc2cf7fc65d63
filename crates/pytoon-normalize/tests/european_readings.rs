//! German, French, Spanish and Portuguese phrases and how they are read.

mod common;

use common::{Reading, assert_readings, read};

/// German.
const GERMAN: &[Reading] = &[
    Reading {
        language: "de",
        written: "für 12,50 € im Angebot",
        spoken: "für zwölf Euro fünfzig im Angebot",
    },
    Reading {
        language: "de",
        written: "nur 0,99 € heute",
        spoken: "nur neunundneunzig Cent heute",
    },
    Reading { language: "de", written: "genau 1 € mehr", spoken: "genau ein Euro mehr" },
    Reading {
        language: "de", written: "5,05 € Rabatt", spoken: "fünf Euro und fünf Cent Rabatt"
    },
    Reading {
        language: "de",
        written: "ab 1.299 € zu haben",
        spoken: "ab tausendzweihundertneunundneunzig Euro zu haben",
    },
    Reading {
        language: "de",
        written: "für 20 EUR pro Monat",
        spoken: "für zwanzig Euro pro Monat",
    },
    Reading { language: "de", written: "etwa 5 $ extra", spoken: "etwa fünf Dollar extra" },
    Reading { language: "de", written: "sie kosten €20", spoken: "sie kosten zwanzig Euro" },
    Reading { language: "de", written: "von 10-20 € an", spoken: "von zehn bis zwanzig Euro an" },
    Reading {
        language: "de",
        written: "ein Budget von 2,5 Mio. €",
        spoken: "ein Budget von zwei Komma fünf Millionen Euro",
    },
    Reading { language: "de", written: "über 3 Mrd. Euro", spoken: "über drei Milliarden Euro" },
    Reading {
        language: "de",
        written: "ein Preis von 1.000.000 €",
        spoken: "ein Preis von einer Million Euro",
    },
    Reading { language: "de", written: "ein Minus: -5 €", spoken: "ein Minus: minus fünf Euro" },
    Reading { language: "de", written: "80 CHF pro Nacht", spoken: "achtzig Franken pro Nacht" },
    Reading { language: "de", written: "7,20 £ bezahlt", spoken: "sieben Pfund zwanzig bezahlt" },
    Reading {
        language: "de",
        written: "am 3.4.2026 geht es los",
        spoken: "am dritten April zweitausendsechsundzwanzig geht es los",
    },
    Reading {
        language: "de",
        written: "am 24.12. feiern wir",
        spoken: "am vierundzwanzigsten Dezember feiern wir",
    },
    Reading {
        language: "de",
        written: "der 28.11.2025",
        spoken: "der achtundzwanzigste November zweitausendfünfundzwanzig",
    },
    Reading {
        language: "de",
        written: "am 3. April 2026",
        spoken: "am dritten April zweitausendsechsundzwanzig",
    },
    Reading { language: "de", written: "der 1. Mai ist frei", spoken: "der erste Mai ist frei" },
    Reading { language: "de", written: "vom 5. Januar an", spoken: "vom fünften Januar an" },
    Reading {
        language: "de",
        written: "2026-11-28",
        spoken: "achtundzwanzigster November zweitausendsechsundzwanzig",
    },
    Reading { language: "de", written: "seit 1990", spoken: "seit neunzehnhundertneunzig" },
    Reading {
        language: "de",
        written: "im Jahr 2026",
        spoken: "im Jahr zweitausendsechsundzwanzig",
    },
    Reading { language: "de", written: "um 18:30 Uhr", spoken: "um achtzehn Uhr dreißig" },
    Reading { language: "de", written: "um 18 Uhr", spoken: "um achtzehn Uhr" },
    Reading { language: "de", written: "um 1 Uhr", spoken: "um ein Uhr" },
    Reading { language: "de", written: "ab 9:05", spoken: "ab neun Uhr fünf" },
    Reading { language: "de", written: "von 9-17 Uhr", spoken: "von neun bis siebzehn Uhr" },
    Reading { language: "de", written: "um 18.30 Uhr", spoken: "um achtzehn Uhr dreißig" },
    Reading { language: "de", written: "9:00-17:00", spoken: "neun Uhr bis siebzehn Uhr" },
    Reading { language: "de", written: "25 % Rabatt", spoken: "fünfundzwanzig Prozent Rabatt" },
    Reading { language: "de", written: "5-10 % mehr", spoken: "fünf bis zehn Prozent mehr" },
    Reading {
        language: "de",
        written: "99,9% sicher",
        spoken: "neunundneunzig Komma neun Prozent sicher",
    },
    Reading { language: "de", written: "im 3. Stock", spoken: "im dritten Stock" },
    Reading { language: "de", written: "die 2. Runde", spoken: "die zweite Runde" },
    Reading { language: "de", written: "ein 1. Versuch", spoken: "ein erster Versuch" },
    Reading { language: "de", written: "der 100. Gast", spoken: "der hundertste Gast" },
    Reading { language: "de", written: "1.500 Menschen", spoken: "tausendfünfhundert Menschen" },
    Reading { language: "de", written: "1 000 000 Sterne", spoken: "eine Million Sterne" },
    Reading { language: "de", written: "21 Tage", spoken: "einundzwanzig Tage" },
    Reading { language: "de", written: "1 Tasse und 1 Hund", spoken: "eine Tasse und ein Hund" },
    Reading { language: "de", written: "101 Ideen", spoken: "hunderteins Ideen" },
    Reading { language: "de", written: "3,14", spoken: "drei Komma eins vier" },
    Reading { language: "de", written: "-7 Grad", spoken: "minus sieben Grad" },
    Reading { language: "de", written: "007", spoken: "null null sieben" },
    Reading { language: "de", written: "10-20 Leute", spoken: "zehn bis zwanzig Leute" },
    Reading { language: "de", written: "~30 Gäste", spoken: "etwa dreißig Gäste" },
    Reading {
        language: "de",
        written: "16 Äpfel, 17 Birnen",
        spoken: "sechzehn Äpfel, siebzehn Birnen",
    },
    Reading {
        language: "de",
        written: "12345 Schritte",
        spoken: "zwölftausenddreihundertfünfundvierzig Schritte",
    },
    Reading {
        language: "de",
        written: "„Nur 5 €“, sagte sie.",
        spoken: "„Nur fünf Euro, sagte sie.",
    },
    Reading { language: "de", written: "mit 1 Idee", spoken: "mit einer Idee" },
    Reading {
        language: "de",
        written: "ein Film (5 €) heute",
        spoken: "ein Film fünf Euro, heute",
    },
    Reading { language: "de", written: "1 Kaffee, bitte", spoken: "ein Kaffee, bitte" },
];

/// French.
const FRENCH: &[Reading] = &[
    Reading {
        language: "fr",
        written: "pour 12,50 € seulement",
        spoken: "pour douze euros cinquante seulement",
    },
    Reading {
        language: "fr",
        written: "à 0,99 € pièce",
        spoken: "à quatre-vingt-dix-neuf centimes pièce",
    },
    Reading { language: "fr", written: "juste 1 €", spoken: "juste un euro" },
    Reading {
        language: "fr",
        written: "avec 5,05 € de rabais",
        spoken: "avec cinq euros et cinq centimes de rabais",
    },
    Reading {
        language: "fr",
        written: "dès 1 299 €",
        spoken: "dès mille deux cent quatre-vingt-dix-neuf euros",
    },
    Reading { language: "fr", written: "20 EUR par mois", spoken: "vingt euros par mois" },
    Reading { language: "fr", written: "environ 5 $", spoken: "environ cinq dollars" },
    Reading { language: "fr", written: "1 500,50 €", spoken: "mille cinq cents euros cinquante" },
    Reading { language: "fr", written: "1 000 000 €", spoken: "un million d'euros" },
    Reading { language: "fr", written: "2 millions €", spoken: "deux millions d'euros" },
    Reading { language: "fr", written: "de 10-20 €", spoken: "de dix à vingt euros" },
    Reading { language: "fr", written: "7,20 £", spoken: "sept livres vingt" },
    Reading { language: "fr", written: "-5 €", spoken: "moins cinq euros" },
    Reading {
        language: "fr",
        written: "80 CHF la nuit",
        spoken: "quatre-vingts francs suisses la nuit",
    },
    Reading {
        language: "fr",
        written: "le 24/12/2026",
        spoken: "le vingt-quatre décembre deux mille vingt-six",
    },
    Reading {
        language: "fr",
        written: "le 1er mai 2026",
        spoken: "le premier mai deux mille vingt-six",
    },
    Reading { language: "fr", written: "le 5 mai", spoken: "le cinq mai" },
    Reading {
        language: "fr",
        written: "le 28/11/2025",
        spoken: "le vingt-huit novembre deux mille vingt-cinq",
    },
    Reading { language: "fr", written: "en 1990", spoken: "en mille neuf cent quatre-vingt-dix" },
    Reading { language: "fr", written: "en 2026", spoken: "en deux mille vingt-six" },
    Reading { language: "fr", written: "à 18h30", spoken: "à dix-huit heures trente" },
    Reading { language: "fr", written: "à 18 h 30", spoken: "à dix-huit heures trente" },
    Reading { language: "fr", written: "à 18:30", spoken: "à dix-huit heures trente" },
    Reading { language: "fr", written: "à 9h", spoken: "à neuf heures" },
    Reading { language: "fr", written: "à 1h", spoken: "à une heure" },
    Reading { language: "fr", written: "de 9h-17h", spoken: "de neuf heures à dix-sept heures" },
    Reading { language: "fr", written: "à 21h05", spoken: "à vingt et une heures cinq" },
    Reading { language: "fr", written: "25 % de moins", spoken: "vingt-cinq pour cent de moins" },
    Reading { language: "fr", written: "5-10 % de plus", spoken: "cinq à dix pour cent de plus" },
    Reading {
        language: "fr",
        written: "99,9% sûr",
        spoken: "quatre-vingt-dix-neuf virgule neuf pour cent sûr",
    },
    Reading { language: "fr", written: "le 2e étage", spoken: "le deuxième étage" },
    Reading { language: "fr", written: "la 1re fois", spoken: "la première fois" },
    Reading {
        language: "fr", written: "la 21ème édition", spoken: "la vingt et unième édition"
    },
    Reading { language: "fr", written: "le 3ème jour", spoken: "le troisième jour" },
    Reading { language: "fr", written: "le 9e art", spoken: "le neuvième art" },
    Reading { language: "fr", written: "21 pages", spoken: "vingt et une pages" },
    Reading { language: "fr", written: "1 heure", spoken: "une heure" },
    Reading { language: "fr", written: "1 500 personnes", spoken: "mille cinq cents personnes" },
    Reading {
        language: "fr",
        written: "71 jours, 80 jours, 91 jours",
        spoken: "soixante et onze jours, quatre-vingts jours, quatre-vingt-onze jours",
    },
    Reading {
        language: "fr",
        written: "200 amis et 201 amis",
        spoken: "deux cents amis et deux cent un amis",
    },
    Reading { language: "fr", written: "99 ballons", spoken: "quatre-vingt-dix-neuf ballons" },
    Reading { language: "fr", written: "3,14", spoken: "trois virgule quatorze" },
    Reading { language: "fr", written: "-7 degrés", spoken: "moins sept degrés" },
    Reading { language: "fr", written: "007", spoken: "zéro zéro sept" },
    Reading { language: "fr", written: "10-20 invités", spoken: "dix à vingt invités" },
    Reading { language: "fr", written: "~30 amis", spoken: "environ trente amis" },
    Reading {
        language: "fr", written: "« 5 € », dit-elle.", spoken: "« cinq euros », dit-elle."
    },
];

/// Spanish.
const SPANISH: &[Reading] = &[
    Reading {
        language: "es",
        written: "por 12,50 € hoy",
        spoken: "por doce euros con cincuenta hoy",
    },
    Reading { language: "es", written: "solo 0,99 €", spoken: "solo noventa y nueve céntimos" },
    Reading { language: "es", written: "justo 1 €", spoken: "justo un euro" },
    Reading { language: "es", written: "5,05 € menos", spoken: "cinco euros con cinco menos" },
    Reading {
        language: "es",
        written: "desde 1.299 €",
        spoken: "desde mil doscientos noventa y nueve euros",
    },
    Reading { language: "es", written: "20 EUR al mes", spoken: "veinte euros al mes" },
    Reading { language: "es", written: "unos 5 $", spoken: "unos cinco dólares" },
    Reading { language: "es", written: "1.000.000 €", spoken: "un millón de euros" },
    Reading { language: "es", written: "2 millones €", spoken: "dos millones de euros" },
    Reading { language: "es", written: "7,20 £", spoken: "siete libras con veinte" },
    Reading { language: "es", written: "21 €", spoken: "veintiún euros" },
    Reading { language: "es", written: "10-20 €", spoken: "diez a veinte euros" },
    Reading {
        language: "es-MX",
        written: "$12.50 cada uno",
        spoken: "doce pesos con cincuenta cada uno",
    },
    Reading {
        language: "es-MX",
        written: "$1,500.00 al mes",
        spoken: "mil quinientos pesos al mes",
    },
    Reading { language: "es-MX", written: "21 pesos", spoken: "veintiún pesos" },
    Reading {
        language: "es",
        written: "el 24/12/2026",
        spoken: "el veinticuatro de diciembre de dos mil veintiséis",
    },
    Reading {
        language: "es",
        written: "el 3 de abril de 2026",
        spoken: "el tres de abril de dos mil veintiséis",
    },
    Reading {
        language: "es",
        written: "el 28/11/2025",
        spoken: "el veintiocho de noviembre de dos mil veinticinco",
    },
    Reading { language: "es", written: "en 1990", spoken: "en mil novecientos noventa" },
    Reading { language: "es", written: "en 2026", spoken: "en dos mil veintiséis" },
    Reading { language: "es", written: "a las 18:30", spoken: "a las dieciocho treinta" },
    Reading { language: "es", written: "a las 9:00", spoken: "a las nueve horas" },
    Reading { language: "es", written: "a las 9:05", spoken: "a las nueve y cinco" },
    Reading { language: "es", written: "a la 1:15", spoken: "a la una y cuarto" },
    Reading { language: "es", written: "a las 7:30", spoken: "a las siete y media" },
    Reading {
        language: "es",
        written: "a las 18:45 h",
        spoken: "a las dieciocho cuarenta y cinco",
    },
    Reading {
        language: "es",
        written: "25 % de descuento",
        spoken: "veinticinco por ciento de descuento",
    },
    Reading { language: "es", written: "5-10 % más", spoken: "cinco a diez por ciento más" },
    Reading {
        language: "es",
        written: "99,9% seguro",
        spoken: "noventa y nueve coma nueve por ciento seguro",
    },
    Reading { language: "es", written: "el 1º", spoken: "el primero" },
    Reading { language: "es", written: "la 2ª vez", spoken: "la segunda vez" },
    Reading { language: "es", written: "el 3er piso", spoken: "el tercer piso" },
    Reading { language: "es", written: "la 1.ª vez", spoken: "la primera vez" },
    Reading { language: "es", written: "el 3.º", spoken: "el tercero" },
    Reading { language: "es", written: "1.500 personas", spoken: "mil quinientas personas" },
    Reading { language: "es", written: "1 café y 1 taza", spoken: "un café y una taza" },
    Reading { language: "es", written: "21 días", spoken: "veintiún días" },
    Reading { language: "es", written: "200 tazas", spoken: "doscientas tazas" },
    Reading {
        language: "es",
        written: "100 amigos, 101 amigos",
        spoken: "cien amigos, ciento un amigos",
    },
    Reading { language: "es", written: "31 noches", spoken: "treinta y una noches" },
    Reading { language: "es", written: "3,14", spoken: "tres coma catorce" },
    Reading { language: "es", written: "-7 grados", spoken: "menos siete grados" },
    Reading { language: "es", written: "007", spoken: "cero cero siete" },
    Reading { language: "es", written: "10-20 personas", spoken: "diez a veinte personas" },
    Reading { language: "es", written: "¿Solo 5 €?", spoken: "¿Solo cinco euros?" },
    Reading {
        language: "es", written: "16, 22 y 26", spoken: "dieciséis, veintidós y veintiséis"
    },
];

/// Portuguese.
const PORTUGUESE: &[Reading] = &[
    Reading { language: "pt-BR", written: "custa R$ 20", spoken: "custa vinte reais" },
    Reading {
        language: "pt-BR",
        written: "só R$12,50",
        spoken: "só doze reais e cinquenta centavos",
    },
    Reading { language: "pt-BR", written: "R$ 0,99 cada", spoken: "noventa e nove centavos cada" },
    Reading { language: "pt-BR", written: "R$ 1,00", spoken: "um real" },
    Reading { language: "pt-BR", written: "R$ 5,05", spoken: "cinco reais e cinco centavos" },
    Reading {
        language: "pt-BR",
        written: "R$ 1.299",
        spoken: "mil duzentos e noventa e nove reais",
    },
    Reading { language: "pt-BR", written: "R$ 1.000.000", spoken: "um milhão de reais" },
    Reading { language: "pt-BR", written: "uns 5 $", spoken: "uns cinco dólares" },
    Reading { language: "pt-PT", written: "12,50 €", spoken: "doze euros e cinquenta cêntimos" },
    Reading { language: "pt-PT", written: "0,99 €", spoken: "noventa e nove cêntimos" },
    Reading { language: "pt-PT", written: "20 EUR por mês", spoken: "vinte euros por mês" },
    Reading { language: "pt-PT", written: "2 milhões €", spoken: "dois milhões de euros" },
    Reading { language: "pt-PT", written: "7,20 £", spoken: "sete libras e vinte pence" },
    Reading {
        language: "pt-BR",
        written: "em 24/12/2026",
        spoken: "em vinte e quatro de dezembro de dois mil e vinte e seis",
    },
    Reading { language: "pt-BR", written: "1º de maio", spoken: "primeiro de maio" },
    Reading {
        language: "pt-BR",
        written: "3 de abril de 2026",
        spoken: "três de abril de dois mil e vinte e seis",
    },
    Reading { language: "pt-PT", written: "a 1 de maio", spoken: "a um de maio" },
    Reading {
        language: "pt-PT",
        written: "28/11/2025",
        spoken: "vinte e oito de novembro de dois mil e vinte e cinco",
    },
    Reading { language: "pt-BR", written: "em 1990", spoken: "em mil novecentos e noventa" },
    Reading { language: "pt-BR", written: "em 2026", spoken: "em dois mil e vinte e seis" },
    Reading { language: "pt-BR", written: "às 18h30", spoken: "às dezoito e trinta" },
    Reading { language: "pt-BR", written: "às 18:30", spoken: "às dezoito e trinta" },
    Reading { language: "pt-BR", written: "às 9h", spoken: "às nove horas" },
    Reading { language: "pt-BR", written: "à 1h", spoken: "à uma hora" },
    Reading { language: "pt-BR", written: "às 2h", spoken: "às duas horas" },
    Reading { language: "pt-PT", written: "às 14:05", spoken: "às catorze e cinco" },
    Reading {
        language: "pt-BR",
        written: "25 % de desconto",
        spoken: "vinte e cinco por cento de desconto",
    },
    Reading { language: "pt-BR", written: "5-10 % mais", spoken: "cinco a dez por cento mais" },
    Reading {
        language: "pt-BR",
        written: "99,9% certo",
        spoken: "noventa e nove vírgula nove por cento certo",
    },
    Reading { language: "pt-BR", written: "o 2º lugar", spoken: "o segundo lugar" },
    Reading { language: "pt-BR", written: "a 1ª vez", spoken: "a primeira vez" },
    Reading { language: "pt-BR", written: "o 21º dia", spoken: "o vigésimo primeiro dia" },
    Reading { language: "pt-BR", written: "1.500 pessoas", spoken: "mil e quinhentas pessoas" },
    Reading { language: "pt-BR", written: "2 xícaras", spoken: "duas xícaras" },
    Reading { language: "pt-BR", written: "1 café e 1 casa", spoken: "um café e uma casa" },
    Reading { language: "pt-BR", written: "21 dias", spoken: "vinte e um dias" },
    Reading {
        language: "pt-BR",
        written: "100 amigos, 101 amigos",
        spoken: "cem amigos, cento e um amigos",
    },
    Reading { language: "pt-BR", written: "200 ideias", spoken: "duzentas ideias" },
    Reading {
        language: "pt-PT",
        written: "16, 17 e 19",
        spoken: "dezasseis, dezassete e dezanove",
    },
    Reading {
        language: "pt-BR",
        written: "16, 17 e 19",
        spoken: "dezesseis, dezessete e dezenove",
    },
    Reading {
        language: "pt-BR",
        written: "1.100 metros, 1.125 metros",
        spoken: "mil e cem metros, mil cento e vinte e cinco metros",
    },
    Reading { language: "pt-BR", written: "3,14", spoken: "três vírgula catorze" },
    Reading { language: "pt-BR", written: "-7 graus", spoken: "menos sete graus" },
    Reading { language: "pt-BR", written: "007", spoken: "zero zero sete" },
    Reading { language: "pt-BR", written: "10-20 pessoas", spoken: "dez a vinte pessoas" },
    Reading { language: "pt-BR", written: "1.000.000.000", spoken: "um bilhão" },
    Reading { language: "pt-PT", written: "1.000.000.000", spoken: "mil milhões" },
];

#[test]
fn german_is_read() {
    assert_readings(GERMAN);
}

#[test]
fn french_is_read() {
    assert_readings(FRENCH);
}

#[test]
fn spanish_is_read() {
    assert_readings(SPANISH);
}

#[test]
fn portuguese_is_read() {
    assert_readings(PORTUGUESE);
}

#[test]
fn the_tables_are_broad() {
    assert!([GERMAN, FRENCH, SPANISH, PORTUGUESE].iter().all(|readings| readings.len() >= 40));
}

#[test]
fn languages_without_rules_are_read_as_they_stand() {
    for (language, written) in [
        ("it", "Costa 12,50 € oggi"),
        ("nl", "Om 18:30 uur"),
        ("ar", "السعر 5.50"),
        ("pl", "5 zł (razem)"),
        ("ja", "今日は5個です。"),
    ] {
        assert_eq!(read(language, written), written);
    }
}
