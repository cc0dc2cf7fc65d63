//! Tests of German and French phrases, and of languages without rules.

use crate::common::{Reading, assert_readings, read};

/// German phrases.
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
    Reading { language: "de", written: "Nummer 1 heute", spoken: "Nummer eins heute" },
    Reading {
        language: "de",
        written: "ein Auto, 1 neuer Film, 1 neue Idee",
        spoken: "ein Auto, ein neuer Film, eine neue Idee",
    },
    Reading { language: "de", written: "am 5.6. ab 9 Uhr", spoken: "am fünften Juni ab neun Uhr" },
    Reading {
        language: "de",
        written: "24/7 und 50/50",
        spoken: "vierundzwanzig sieben und fünfzig fünfzig",
    },
    Reading {
        language: "de",
        written: "Tel. 0800 123 456",
        spoken: "Tel. null acht null null, eins zwei drei, vier fünf sechs",
    },
    Reading {
        language: "de",
        written: "€ 3 Mrd. und $2,5 Mio. mehr",
        spoken: "drei Milliarden Euro und zwei Komma fünf Millionen Dollar mehr",
    },
];

/// French phrases.
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
    Reading {
        language: "fr",
        written: "le 14/07 ou le 3 mai",
        spoken: "le quatorze juillet ou le trois mai",
    },
    Reading { language: "fr", written: "$ 3 millions", spoken: "trois millions de dollars" },
    Reading { language: "fr", written: "3 000 km", spoken: "trois mille km" },
];

#[test]
fn german_is_read() {
    assert!(GERMAN.len() >= 40);
    assert_readings(GERMAN);
}

#[test]
fn french_is_read() {
    assert!(FRENCH.len() >= 40);
    assert_readings(FRENCH);
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
