//! English phrases and how they are read, beside those of the fixture.

use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, joined, normalize};

/// A phrase and what a voice reads for it.
struct Reading {
    language: &'static str,
    written: &'static str,
    spoken: &'static str,
}

/// Money.
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

/// Dates.
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

/// Times.
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

/// Units.
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

/// Numbers.
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

/// Abbreviations.
const ABBREVIATIONS: &[Reading] = &[
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
        spoken: "call one, eight zero zero, five five five, zero one seven seven",
    },
    Reading {
        language: "en",
        written: "call 1-800-FLOWERS",
        spoken: "call one, eight zero zero, flowers",
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
    Reading { language: "en", written: "Hwy. 1 or I-95", spoken: "Highway one or I ninety five" },
    Reading {
        language: "en",
        written: "Spoke at 9 A.M. with Sam, M.D.",
        spoken: "Spoke at nine A M with Sam, M D.",
    },
];

/// Web.
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

const GROUPS: &[(&str, &[Reading])] = &[
    ("money", MONEY),
    ("dates", DATES),
    ("times", TIMES),
    ("units", UNITS),
    ("numbers", NUMBERS),
    ("abbreviations", ABBREVIATIONS),
    ("web", WEB),
];

#[test]
fn english_phrases_are_read_as_people_read_them() {
    let mut differing = Vec::new();
    for (group, readings) in GROUPS {
        for Reading { language, written, spoken } in *readings {
            let got =
                joined(&normalize(&words(written), language, &Pronunciations::default())).text;
            if got != *spoken {
                differing.push(format!("{group}: {written}: {got}, not {spoken}"));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(GROUPS.iter().map(|(_, readings)| readings.len()).sum::<usize>() >= 150);
}

/// A phrase and the share of each of its written words.
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
