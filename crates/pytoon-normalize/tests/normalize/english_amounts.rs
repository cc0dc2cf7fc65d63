//! Tests of English money, dates, times and units beyond those of the fixture.

use crate::common::{Reading, assert_readings};

/// Money phrases.
const MONEY: &[Reading] = &[
    Reading {
        language: "en",
        written: "a refund of $2.75",
        spoken: "a refund of two dollars seventy five",
    },
    Reading { language: "en", written: "$1.01 short", spoken: "one dollar and one cent short" },
    Reading { language: "en", written: "a $100 bill", spoken: "a one hundred dollar bill" },
    Reading {
        language: "en",
        written: "it made €1,250.75",
        spoken: "it made one thousand two hundred fifty euros seventy five",
    },
    Reading {
        language: "en",
        written: "a €100 million plan",
        spoken: "a one hundred million euro plan",
    },
    Reading { language: "en", written: "a whopping $7 fee", spoken: "a whopping seven dollar fee" },
    Reading {
        language: "en",
        written: "between $3 and $4",
        spoken: "between three dollars and four dollars",
    },
    Reading {
        language: "en",
        written: "tickets at $15 - $25",
        spoken: "tickets at fifteen to twenty five dollars",
    },
    Reading {
        language: "en",
        written: "prices of $100k–200k",
        spoken: "prices of one hundred to two hundred thousand dollars",
    },
    Reading { language: "en", written: "only $.50 each", spoken: "only fifty cents each" },
    Reading {
        language: "en",
        written: "€6/kg at the market",
        spoken: "six euros per kilogram at the market",
    },
    Reading {
        language: "en",
        written: "$20/mo for all",
        spoken: "twenty dollars per month for all",
    },
    Reading { language: "en", written: "$5/person/day", spoken: "five dollars per person per day" },
    Reading { language: "en", written: "US$ 40 in cash", spoken: "forty U S dollars in cash" },
    Reading {
        language: "en",
        written: "USD 20 or 30 EUR",
        spoken: "twenty U S dollars or thirty euros",
    },
    Reading { language: "en", written: "pay 5 USD now", spoken: "pay five U S dollars now" },
    Reading { language: "en", written: "CHF 80 a night", spoken: "eighty Swiss francs a night" },
    Reading { language: "en", written: "£0.45 each", spoken: "forty five pence each" },
    Reading {
        language: "en",
        written: "a £2.5bn loss",
        spoken: "a two point five billion pound loss",
    },
    Reading {
        language: "en",
        written: "over 2 million € lost",
        spoken: "over two million euros lost",
    },
    Reading { language: "en", written: "$3 million.", spoken: "three million dollars." },
    Reading { language: "en", written: "25¢ more", spoken: "twenty five cents more" },
    Reading {
        language: "en",
        written: "¥1200 for soup",
        spoken: "one thousand two hundred yen for soup",
    },
    Reading { language: "en", written: "₩5000 please", spoken: "five thousand won please" },
    Reading {
        language: "en",
        written: "A$15 or C$20",
        spoken: "fifteen Australian dollars or twenty Canadian dollars",
    },
    Reading { language: "en", written: "from ~$30", spoken: "from about thirty dollars" },
    Reading { language: "en", written: "a loss of -€8", spoken: "a loss of minus eight euros" },
    Reading {
        language: "en",
        written: "$500+ in savings",
        spoken: "five hundred dollars plus in savings",
    },
    Reading {
        language: "en",
        written: "the price is $ 15 today",
        spoken: "the price is fifteen dollars today",
    },
    Reading { language: "en", written: "Rs. 500 only", spoken: "five hundred rupees only" },
    Reading { language: "en", written: "buy $AAPL early", spoken: "buy A A P L early" },
    Reading {
        language: "en-GB",
        written: "it was £103.10",
        spoken: "it was one hundred and three pounds ten",
    },
    Reading {
        language: "en",
        written: "a $20 bill, two $50 bills",
        spoken: "a twenty dollar bill, two fifty dollar bills",
    },
    Reading {
        language: "en",
        written: "a $5M–$10M round",
        spoken: "a five to ten million dollar round",
    },
    Reading { language: "en", written: "3 @ $5", spoken: "three at five dollars" },
    Reading {
        language: "en",
        written: "$3.5T in debt",
        spoken: "three point five trillion dollars in debt",
    },
];

/// Date phrases.
const DATES: &[Reading] = &[
    Reading {
        language: "en",
        written: "on 12/25 we rest",
        spoken: "on December twenty fifth we rest",
    },
    Reading { language: "en", written: "on 7/4/26", spoken: "on July fourth, twenty twenty six" },
    Reading {
        language: "en-GB",
        written: "on 15/8/2026",
        spoken: "on the fifteenth of August, twenty twenty six",
    },
    Reading {
        language: "en",
        written: "since 1999-12-31",
        spoken: "since December thirty first, nineteen ninety nine",
    },
    Reading {
        language: "en",
        written: "Dec. 24th, 2025",
        spoken: "December twenty fourth, twenty twenty five",
    },
    Reading { language: "en", written: "from May 5-7", spoken: "from May fifth to seventh" },
    Reading { language: "en", written: "in Sept 2024", spoken: "in September twenty twenty four" },
    Reading { language: "en", written: "in Dec. already", spoken: "in December already" },
    Reading { language: "en", written: "on the 4th of July", spoken: "on the fourth of July" },
    Reading {
        language: "en",
        written: "on 5 May 2021",
        spoken: "on the fifth of May twenty twenty one",
    },
    Reading { language: "en-GB", written: "on the 6 June", spoken: "on the sixth of June" },
    Reading { language: "en-GB", written: "by August 9", spoken: "by August the ninth" },
    Reading { language: "en", written: "in the 1800s", spoken: "in the eighteen hundreds" },
    Reading { language: "en", written: "the mid-90s sound", spoken: "the mid nineties sound" },
    Reading { language: "en", written: "the summer of '69", spoken: "the summer of sixty nine" },
    Reading { language: "en", written: "in 300 BC", spoken: "in three hundred B C" },
    Reading {
        language: "en",
        written: "from 2019-2021",
        spoken: "from twenty nineteen to twenty twenty one",
    },
    Reading {
        language: "en",
        written: "in 1066 and 2000",
        spoken: "in one thousand sixty six and two thousand",
    },
    Reading { language: "en-GB", written: "in 2008", spoken: "in two thousand and eight" },
    Reading { language: "en", written: "since 1900", spoken: "since nineteen hundred" },
    Reading {
        language: "en",
        written: "FY2025 and H1 2026",
        spoken: "F Y twenty twenty five and H one twenty twenty six",
    },
    Reading { language: "en", written: "Sat & Sun only", spoken: "Saturday and Sunday only" },
    Reading { language: "en", written: "Tue. 6 Jan.", spoken: "Tuesday the sixth of January." },
    Reading { language: "en", written: "May 5 of us go?", spoken: "May five of us go?" },
    Reading { language: "en", written: "Mar is a name", spoken: "Mar is a name" },
    Reading { language: "en", written: "he Sat down in the Sun", spoken: "he Sat down in the Sun" },
    Reading { language: "en", written: "Sat., Oct. 6th", spoken: "Saturday, October sixth" },
    Reading {
        language: "en",
        written: "July 20, 1969, at night",
        spoken: "July twentieth, nineteen sixty nine, at night",
    },
    Reading { language: "en", written: "June 1 – June 5", spoken: "June first to June fifth" },
    Reading { language: "en", written: "Nov 5th-7th", spoken: "November fifth to seventh" },
    Reading {
        language: "en",
        written: "Mon.–Wed. or Mon/Thu/Sat",
        spoken: "Monday to Wednesday or Monday Thursday Saturday",
    },
    Reading {
        language: "en",
        written: "the 80's and 70s rock",
        spoken: "the eighties and seventies rock",
    },
    Reading {
        language: "en",
        written: "2024-25 season",
        spoken: "twenty twenty four to twenty five season",
    },
    Reading {
        language: "en",
        written: "14-Feb-2024",
        spoken: "February fourteenth, twenty twenty four",
    },
];

/// Time phrases.
const TIMES: &[Reading] = &[
    Reading { language: "en", written: "at 7:15 pm", spoken: "at seven fifteen P M" },
    Reading { language: "en", written: "at 11:45AM", spoken: "at eleven forty five A M" },
    Reading { language: "en", written: "by 6pm", spoken: "by six P M" },
    Reading { language: "en", written: "from 9-11am", spoken: "from nine to eleven A M" },
    Reading { language: "en", written: "open 8 am - 6 pm", spoken: "open eight A M to six P M" },
    Reading { language: "en", written: "at 00:00 exactly", spoken: "at midnight exactly" },
    Reading { language: "en", written: "after 13:05", spoken: "after thirteen oh five" },
    Reading { language: "en", written: "at 12:00 sharp", spoken: "at twelve o'clock sharp" },
    Reading { language: "en", written: "in 1:05:30", spoken: "in one oh five and thirty seconds" },
    Reading { language: "en", written: "at 8.30pm", spoken: "at eight thirty P M" },
    Reading { language: "en", written: "a 16:9 picture", spoken: "a sixteen to nine picture" },
    Reading { language: "en", written: "a 3:1 mix", spoken: "a three to one mix" },
    Reading {
        language: "en-GB",
        written: "at 21:30 tonight",
        spoken: "at twenty one thirty tonight",
    },
    Reading {
        language: "en",
        written: "July 4 at 4:17 p.m. EDT",
        spoken: "July fourth at four seventeen P M E D T",
    },
    Reading { language: "en", written: "@ 5pm", spoken: "at five P M" },
    Reading {
        language: "en",
        written: "from 7:30–9:30",
        spoken: "from seven thirty to nine thirty",
    },
];

/// Phrases with units.
const UNITS: &[Reading] = &[
    Reading { language: "en", written: "a 5 km run", spoken: "a five kilometer run" },
    Reading { language: "en", written: "a 5-km run", spoken: "a five kilometer run" },
    Reading {
        language: "en",
        written: "walk 2-3 miles or 4-6 km",
        spoken: "walk two to three miles or four to six kilometers",
    },
    Reading {
        language: "en",
        written: "1,200 sq ft of space",
        spoken: "one thousand two hundred square feet of space",
    },
    Reading { language: "en", written: "5'11\" or 6'", spoken: "five foot eleven or six feet" },
    Reading { language: "en", written: "a 12\" pizza", spoken: "a twelve inch pizza" },
    Reading { language: "en", written: "5 ft 10 in tall", spoken: "five feet ten inches tall" },
    Reading { language: "en", written: "8 fl oz of milk", spoken: "eight fluid ounces of milk" },
    Reading {
        language: "en",
        written: "2 tbsp sugar and 1 tsp. salt",
        spoken: "two tablespoons sugar and one teaspoon salt",
    },
    Reading {
        language: "en",
        written: "70 mg/L of iron",
        spoken: "seventy milligrams per liter of iron",
    },
    Reading {
        language: "en",
        written: "9.8 m/s²",
        spoken: "nine point eight meters per second squared",
    },
    Reading { language: "en", written: "0.5 L bottles", spoken: "zero point five liters bottles" },
    Reading {
        language: "en",
        written: "up to 128GB or 1 TB",
        spoken: "up to one hundred twenty eight gigabytes or one terabyte",
    },
    Reading { language: "en", written: "a 240 V line", spoken: "a two hundred forty volt line" },
    Reading {
        language: "en",
        written: "at -3.5°C",
        spoken: "at minus three point five degrees Celsius",
    },
    Reading {
        language: "en",
        written: "14° F outside",
        spoken: "fourteen degrees Fahrenheit outside",
    },
    Reading {
        language: "en",
        written: "10 x 15 cm prints",
        spoken: "ten by fifteen centimeters prints",
    },
    Reading { language: "en", written: "a 2x6 board", spoken: "a two by six board" },
    Reading {
        language: "en",
        written: "a 2560x1440 screen",
        spoken: "a twenty five sixty by fourteen forty screen",
    },
    Reading { language: "en", written: "in 720p", spoken: "in seven twenty P" },
    Reading { language: "en", written: "4x the speed", spoken: "four times the speed" },
    Reading { language: "en", written: "in 10 min", spoken: "in ten minutes" },
    Reading { language: "en", written: "a 45 min class", spoken: "a forty five minute class" },
    Reading { language: "en", written: "5%-10% less", spoken: "five to ten percent less" },
    Reading { language: "en", written: "100% wool", spoken: "one hundred percent wool" },
    Reading { language: "en", written: "50%+ growth", spoken: "fifty percent plus growth" },
    Reading {
        language: "en",
        written: "about ±2 mm",
        spoken: "about plus or minus two millimeters",
    },
    Reading {
        language: "en",
        written: "5 GHz, 85 dB",
        spoken: "five gigahertz, eighty five decibels",
    },
    Reading { language: "en", written: "30 mpg", spoken: "thirty miles per gallon" },
    Reading { language: "en", written: "3 lbs. of rice", spoken: "three pounds of rice" },
    Reading { language: "en", written: "5g of salt on 5G", spoken: "five grams of salt on five G" },
    Reading { language: "en", written: "in 8K", spoken: "in eight K" },
    Reading {
        language: "en",
        written: "65 km/h at 350°F (175°C)",
        spoken: "sixty five kilometers per hour at three hundred fifty degrees Fahrenheit, one hundred seventy five degrees Celsius",
    },
    Reading {
        language: "en",
        written: "8,849 m (29,032 ft)",
        spoken: "eight thousand eight hundred forty nine meters, twenty nine thousand thirty two feet",
    },
    Reading {
        language: "en",
        written: "13.3-inch, 65\" wide",
        spoken: "thirteen point three inch, sixty five inches wide",
    },
    Reading { language: "en", written: "a 1/2-inch pipe", spoken: "a one half inch pipe" },
    Reading {
        language: "en",
        written: "5000mAh, 60Hz, 2.5GB/s",
        spoken: "five thousand milliamp hours, sixty hertz, two point five gigabytes per second",
    },
    Reading { language: "en", written: "18K gold", spoken: "eighteen karat gold" },
    Reading {
        language: "en",
        written: "1.5x–2x zoom",
        spoken: "one point five times to two times zoom",
    },
];

#[test]
fn money_is_read() {
    assert_readings(MONEY);
}

#[test]
fn dates_are_read() {
    assert_readings(DATES);
}

#[test]
fn times_are_read() {
    assert_readings(TIMES);
}

#[test]
fn units_are_read() {
    assert_readings(UNITS);
}

#[test]
fn the_table_is_broad() {
    assert!(MONEY.len() + DATES.len() + TIMES.len() + UNITS.len() >= 100);
}
