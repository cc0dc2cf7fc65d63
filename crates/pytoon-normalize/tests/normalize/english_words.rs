//! Tests of English numbers, abbreviations and addresses beyond those of the fixture.

use crate::common::{Reading, assert_readings};
use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, normalize};

/// Phrases with numbers.
const NUMBERS: &[Reading] = &[
    Reading { language: "en", written: "5 < 7", spoken: "five is less than seven" },
    Reading { language: "en", written: "2 * 3 = 6", spoken: "two times three equals six" },
    Reading { language: "en", written: "10 ÷ 2 = 5", spoken: "ten divided by two equals five" },
    Reading { language: "en", written: "10 - 3 = 7", spoken: "ten minus three equals seven" },
    Reading { language: "en", written: "x² + 3³", spoken: "x squared plus three cubed" },
    Reading { language: "en", written: "10⁻³", spoken: "ten to the power of minus three" },
    Reading { language: "en", written: "1 000 000 stars", spoken: "one million stars" },
    Reading { language: "en", written: "1,000,000,000", spoken: "one billion" },
    Reading { language: "en", written: "-0.25", spoken: "minus zero point two five" },
    Reading {
        language: "en",
        written: "the 12th, 21st and 100th",
        spoken: "the twelfth, twenty first and one hundredth",
    },
    Reading {
        language: "en",
        written: "2/3 of it and 1/8 more",
        spoken: "two thirds of it and one eighth more",
    },
    Reading { language: "en", written: "1 3/4 cups", spoken: "one and three quarters cups" },
    Reading { language: "en", written: "¾ full", spoken: "three quarters full" },
    Reading { language: "en", written: "3½ miles", spoken: "three and a half miles" },
    Reading { language: "en", written: "a score of 9/10", spoken: "a score of nine out of ten" },
    Reading { language: "en", written: "an 80/20 rule", spoken: "an eighty twenty rule" },
    Reading { language: "en", written: "we won 3-1", spoken: "we won three to one" },
    Reading {
        language: "en",
        written: "v3.1 beats 2.0.1",
        spoken: "version three point one beats two point zero point one",
    },
    Reading {
        language: "en",
        written: "at 192.168.0.1",
        spoken: "at one nine two dot one six eight dot zero dot one",
    },
    Reading { language: "en", written: "agent 007", spoken: "agent zero zero seven" },
    Reading {
        language: "en",
        written: "order 4815162342",
        spoken: "order four eight one five one six two three four two",
    },
    Reading {
        language: "en",
        written: "Room 305, Flight 1549",
        spoken: "Room three oh five, Flight fifteen forty nine",
    },
    Reading {
        language: "en",
        written: "1500 people, 1950 units",
        spoken: "fifteen hundred people, one thousand nine hundred fifty units",
    },
    Reading { language: "en", written: "100s of fans", spoken: "hundreds of fans" },
    Reading { language: "en", written: "500+ reviews", spoken: "five hundred plus reviews" },
    Reading {
        language: "en",
        written: "10K followers run a 10K",
        spoken: "ten thousand followers run a ten K",
    },
    Reading { language: "en", written: "2.5M views", spoken: "two point five million views" },
    Reading { language: "en", written: "World War II", spoken: "World War two" },
    Reading {
        language: "en",
        written: "Louis XIV and Elizabeth II",
        spoken: "Louis the fourteenth and Elizabeth the second",
    },
    Reading { language: "en", written: "Super Bowl LVIII", spoken: "Super Bowl fifty eight" },
    Reading { language: "en", written: "an IV drip", spoken: "an I V drip" },
    Reading { language: "en", written: "Part III", spoken: "Part three" },
    Reading { language: "en", written: "B12, A4 and H2O", spoken: "B twelve, A four and H two O" },
    Reading {
        language: "en",
        written: "COVID-19, F-16, GPT-4",
        spoken: "Covid nineteen, F sixteen, G P T four",
    },
    Reading { language: "en", written: "a 3-in-1 tool", spoken: "a three in one tool" },
    Reading { language: "en", written: "a 10-year-old", spoken: "a ten year old" },
    Reading { language: "en", written: "24-hour help", spoken: "twenty four hour help" },
    Reading {
        language: "en",
        written: "a 10-15-minute walk",
        spoken: "a ten to fifteen minute walk",
    },
    Reading { language: "en", written: "Boeing 747", spoken: "Boeing seven forty seven" },
    Reading {
        language: "en",
        written: "2 out of 3, 1 in 5",
        spoken: "two out of three, one in five",
    },
    Reading { language: "en", written: "Nos. 5-7", spoken: "numbers five to seven" },
    Reading { language: "en", written: "pages 12–15", spoken: "pages twelve to fifteen" },
    Reading {
        language: "en-GB",
        written: "2,150 steps",
        spoken: "two thousand one hundred and fifty steps",
    },
    Reading {
        language: "en-GB",
        written: "our 101st day",
        spoken: "our one hundred and first day",
    },
    Reading {
        language: "en",
        written: "3x3=9 and 9-4=5",
        spoken: "three times three equals nine and nine minus four equals five",
    },
    Reading {
        language: "en",
        written: "6.02×10²³",
        spoken: "six point zero two times ten to the power of twenty three",
    },
    Reading { language: "en", written: "E = mc²", spoken: "E equals mc squared" },
    Reading { language: "en", written: "S2E5 and PG-13", spoken: "S two E five and P G thirteen" },
    Reading {
        language: "en",
        written: "1st–3rd place, Q1–Q3",
        spoken: "first to third place, Q one to Q three",
    },
    Reading {
        language: "en",
        written: "U2, Blink-182, 2Pac",
        spoken: "U two, Blink one eighty two, two Pac",
    },
    Reading { language: "en", written: "our 3rd-gen X-200", spoken: "our third gen X two hundred" },
    Reading { language: "en", written: "a 50-50 split", spoken: "a fifty fifty split" },
    Reading { language: "en", written: "y<10", spoken: "y is less than ten" },
    Reading { language: "en", written: "2-1/2 cups", spoken: "two and one half cups" },
    Reading { language: "en", written: "omega-3 in H5N1", spoken: "omega three in H five N one" },
];

/// Phrases with abbreviations.
const ABBREVIATIONS: &[Reading] = &[
    Reading {
        language: "en",
        written: "the WHO, and WHO CARES",
        spoken: "the W H O, and who cares",
    },
    Reading { language: "en", written: "OPEN SAT 10-2", spoken: "open Saturday ten to two" },
    Reading { language: "en", written: "TRY 3 FLAVORS", spoken: "try three flavors" },
    Reading {
        language: "en",
        written: "DON'T MISS OUR PRE-ORDER",
        spoken: "don't miss our pre order",
    },
    Reading { language: "en", written: "No. I won't.", spoken: "No. I won't." },
    Reading {
        language: "en",
        written: "St. Louis St. is long",
        spoken: "Saint Louis Street is long",
    },
    Reading {
        language: "en",
        written: "Prof. Kim and Gen. Ray",
        spoken: "Professor Kim and General Ray",
    },
    Reading {
        language: "en",
        written: "Dr. Park lives on Elm Dr. now",
        spoken: "Doctor Park lives on Elm Drive now",
    },
    Reading { language: "en", written: "12 N. Main St.", spoken: "twelve North Main Street." },
    Reading { language: "en", written: "350 5th Ave.", spoken: "three fifty fifth Avenue." },
    Reading { language: "en", written: "Mt. Fuji, Ft. Worth", spoken: "Mount Fuji, Fort Worth" },
    Reading { language: "en", written: "J. R. R. Tolkien", spoken: "J R R Tolkien" },
    Reading { language: "en", written: "U.S.A. and U.K. teams", spoken: "U S A and U K teams" },
    Reading { language: "en", written: "a Ph.D. here", spoken: "a P H D here" },
    Reading { language: "en", written: "Smith & Co. is open", spoken: "Smith and Company is open" },
    Reading { language: "en", written: "Warner Bros. too", spoken: "Warner Brothers too" },
    Reading {
        language: "en",
        written: "Fig. 2, Vol. 3, p. 9",
        spoken: "Figure two, Volume three, page nine",
    },
    Reading {
        language: "en",
        written: "w/o sugar b/c reasons",
        spoken: "without sugar because reasons",
    },
    Reading { language: "en", written: "est. 1920", spoken: "established nineteen twenty" },
    Reading { language: "en", written: "IT is late", spoken: "it is late" },
    Reading { language: "en", written: "the IT team", spoken: "the I T team" },
    Reading { language: "en", written: "the US helps us", spoken: "the U S helps us" },
    Reading { language: "en", written: "CALL US NOW", spoken: "call us now" },
    Reading { language: "en", written: "THE FBI IS HERE", spoken: "the F B I is here" },
    Reading { language: "en", written: "CEOs, DVDs and NGOs", spoken: "C E Os, D V Ds and N G Os" },
    Reading { language: "en", written: "the CIA's files", spoken: "the C I A's files" },
    Reading { language: "en", written: "UNESCO and NATO", spoken: "Unesco and Nato" },
    Reading {
        language: "en",
        written: "a NEW show, FREE for YOU",
        spoken: "a new show, free for you",
    },
    Reading { language: "en", written: "XQZ and BLORP", spoken: "X Q Z and blorp" },
    Reading { language: "en", written: "an AI-powered app", spoken: "an A I powered app" },
    Reading { language: "en", written: "Reno, NV is dry", spoken: "Reno, Nevada is dry" },
    Reading { language: "en", written: "Well, OK then", spoken: "Well, okay then" },
    Reading {
        language: "en",
        written: "Boston, MA 02108",
        spoken: "Boston, Massachusetts zero two one zero eight",
    },
    Reading {
        language: "en",
        written: "call +1 555 987 6543",
        spoken: "call one, five five five, nine eight seven, six five four three",
    },
    Reading {
        language: "en",
        written: "call 1-800-555-0177",
        spoken: "call one, eight hundred, five five five, zero one seven seven",
    },
    Reading {
        language: "en",
        written: "call 1-800-FLOWERS",
        spoken: "call one, eight hundred, flowers",
    },
    Reading {
        language: "en-GB",
        written: "ring 0800 765 432",
        spoken: "ring zero eight zero zero, seven six five, four three two",
    },
    Reading { language: "en", written: "dial 911 now", spoken: "dial nine one one now" },
    Reading { language: "en", written: "WWII and WWI", spoken: "World War two and World War one" },
    Reading { language: "en", written: "I AM here on AM radio", spoken: "I am here on A M radio" },
    Reading {
        language: "en",
        written: "St. John's in the D.C. area",
        spoken: "Saint John's in the D C area",
    },
    Reading { language: "en", written: "S&P and M&M's", spoken: "S and P and M and M's" },
    Reading {
        language: "en",
        written: "742 Evergreen Terrace",
        spoken: "seven forty two Evergreen Terrace",
    },
    Reading {
        language: "en",
        written: "take I-95 N, then 742 NW Main St.",
        spoken: "take I ninety five North, then seven forty two Northwest Main Street.",
    },
    Reading {
        language: "en",
        written: "Route 66 W, size 12 E",
        spoken: "Route sixty six West, size twelve E",
    },
    Reading { language: "en", written: "Plan B (the [new] one)", spoken: "Plan B, the new one" },
    Reading { language: "en", written: "Hwy. 1 or I-95", spoken: "Highway one or I ninety five" },
    Reading {
        language: "en",
        written: "Spoke at 9 A.M. with Sam, M.D.",
        spoken: "Spoke at nine A M with Sam, M D.",
    },
];

/// Phrases with web addresses.
const WEB: &[Reading] = &[
    Reading { language: "en", written: "I <3 bread & butter", spoken: "I bread and butter" },
    Reading { language: "en", written: "use snake_case here", spoken: "use snake case here" },
    Reading {
        language: "en",
        written: "see http://www.foo-bar.com:8080/x",
        spoken: "see foo dash bar dot com",
    },
    Reading { language: "en", written: "go to example.com/deals", spoken: "go to example dot com" },
    Reading {
        language: "en",
        written: "mail jane_doe@mail.co.uk",
        spoken: "mail jane underscore doe at mail dot co dot U K",
    },
    Reading { language: "en", written: "ask @NASA", spoken: "ask at Nasa" },
    Reading { language: "en", written: "#BuildInPublic", spoken: "hashtag Build In Public" },
    Reading {
        language: "en",
        written: "#100DaysOfCode",
        spoken: "hashtag one hundred Days Of Code",
    },
    Reading { language: "en", written: "open report.pdf", spoken: "open report dot P D F" },
    Reading {
        language: "en",
        written: "ASP.NET, C# and F#",
        spoken: "asp dot net, C sharp and F sharp",
    },
    Reading { language: "en", written: "AT&T, Q&A, B&B", spoken: "A T and T, Q and A, B and B" },
    Reading { language: "en", written: "he/she", spoken: "he or she" },
    Reading { language: "en", written: "an A/B test", spoken: "an A B test" },
    Reading { language: "en", written: "A → B", spoken: "A to B" },
    Reading { language: "en", written: "12 ± 2", spoken: "twelve plus or minus two" },
    Reading { language: "en", written: "Disney+ is on", spoken: "Disney plus is on" },
    Reading { language: "en", written: "word—word", spoken: "word, word" },
    Reading { language: "en", written: "wait...what", spoken: "wait, what" },
    Reading { language: "en", written: "say \"hi\" (now)", spoken: "say hi, now" },
    Reading { language: "en", written: "*** hot *** ---", spoken: "hot" },
    Reading { language: "en", written: "👩‍🍳 cooks 🇩🇪 1️⃣", spoken: "cooks" },
    Reading { language: "en", written: "Bye👋 now :)", spoken: "Bye now" },
    Reading { language: "en", written: "pre\u{ad}view", spoken: "preview" },
    Reading { language: "en", written: "naïve café, 東京", spoken: "naïve café, 東京" },
    Reading { language: "en", written: "rock 'n' roll, don’t", spoken: "rock n roll, don't" },
    Reading { language: "en", written: "Yes/No, on/off", spoken: "Yes No, on off" },
    Reading { language: "en", written: "A+ work", spoken: "A plus work" },
    Reading { language: "en", written: "modification(s)", spoken: "modifications" },
    Reading {
        language: "en",
        written: "localhost:8000 or http://a.io:80/b",
        spoken: "localhost eight thousand or a dot I O",
    },
];

#[test]
fn numbers_are_read() {
    assert_readings(NUMBERS);
}

#[test]
fn abbreviations_are_read() {
    assert_readings(ABBREVIATIONS);
}

#[test]
fn addresses_and_signs_are_read() {
    assert_readings(WEB);
}

#[test]
fn the_table_is_broad() {
    assert!(NUMBERS.len() + ABBREVIATIONS.len() + WEB.len() >= 100);
}

/// A phrase and the words spoken for each of its written words.
struct Shares {
    written: &'static str,
    spoken: &'static [&'static str],
}

const SHARES: &[Shares] = &[
    Shares {
        written: "$2.5 billion market",
        spoken: &["two point five", "billion dollars", "market"],
    },
    Shares {
        written: "a $2.5 billion market",
        spoken: &["a", "two point five", "billion dollar", "market"],
    },
    Shares { written: "20 €", spoken: &["twenty", "euros"] },
    Shares { written: "$ 20", spoken: &["", "twenty dollars"] },
    Shares { written: "Jan. 5", spoken: &["January", "fifth"] },
    Shares { written: "2 1/2 hours", spoken: &["two", "and a half", "hours"] },
    Shares {
        written: "(555) 123-4567",
        spoken: &["five five five,", "one two three, four five six seven"],
    },
    Shares { written: "Oct 12, 2019.", spoken: &["October", "twelfth,", "twenty nineteen."] },
    Shares { written: "9:30 a.m. daily", spoken: &["nine thirty", "A M", "daily"] },
    Shares { written: "wait — now 🔥", spoken: &["wait,", "", "now", ""] },
    Shares { written: "Reno (NV) etc.", spoken: &["Reno,", "N V,", "et cetera."] },
];

#[test]
fn every_written_word_keeps_its_share() {
    for Shares { written, spoken } in SHARES {
        let got = normalize(&words(written), "en-US", &Pronunciations::default());
        let got: Vec<&str> = got.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(got, *spoken, "{written}");
    }
}
