//! Words in capitals: acronyms that are spelled, acronyms that are spoken as words, and ordinary words.
//!
//! The tables are data, sorted for [`has`]; `acronyms` decides. A word that is in none of them is judged by its
//! letters.

/// Returns true if a sorted table contains the word.
pub(super) fn has(table: &[&str], word: &str) -> bool {
    table.binary_search(&word).is_ok()
}

/// Acronyms spoken as words.
#[rustfmt::skip]
pub(super) const SAID: &[&str] = &[
    "AIDS", "ASCII", "ASEAN", "AWOL", "BAFTA", "BASIC", "BOGO", "CAD", "CAPTCHA", "CERN",
    "COBOL", "COBRA", "COVID", "DARPA", "DEFCON", "DINK", "DRAM", "FEMA", "FICO", "FIFA",
    "FOMO", "FORTRAN", "GIF", "GIPHY", "GMAT", "GULAG", "HAZMAT", "HIPAA", "IKEA", "INTERPOL",
    "ISIS", "JPEG", "LAN", "LASER", "LEGO", "LIDAR", "LSAT", "MCAT", "MENSA", "MOMA", "MPEG",
    "NAFTA", "NASA", "NASCAR", "NASDAQ", "NATO", "NIMBY", "NOAA", "NOHO", "NORAD", "OPEC",
    "OSHA", "PETA", "PIN", "RADAR", "RAM", "RICO", "ROM", "ROTH", "SARS", "SCUBA", "SIM",
    "SMART", "SOHO", "SONAR", "SWAT", "TASER", "TED", "TIFF", "TOEFL", "UEFA", "UNESCO",
    "UNICEF", "VISA", "WAN", "WASP", "WIMAX", "WYSIWYG", "YOLO", "ZIP",
];

/// Acronyms spelled letter by letter.
#[rustfmt::skip]
pub(super) const SPELLED: &[&str] = &[
    "AAA", "ABC", "ABV", "AC", "ACH", "ACL", "ACLU", "AD", "ADHD", "AI", "ALS", "AM", "AMA",
    "AMC", "AMD", "AMPM", "AOL", "AP", "API", "APR", "APY", "AR", "ARR", "ASAP", "ASMR", "ATL",
    "ATM", "ATP", "ATV", "AVI", "AVP", "AWS", "BA", "BBC", "BBQ", "BC", "BCE", "BDR", "BEV",
    "BFF", "BLM", "BLT", "BMI", "BMW", "BMX", "BNP", "BPA", "BRB", "BS", "BST", "BTS", "BTW",
    "BYOB", "CAC", "CBC", "CBD", "CBS", "CCPA", "CD", "CDC", "CDMA", "CDN", "CDT", "CE", "CEO",
    "CET", "CFO", "CIA", "CIF", "CIO", "CLI", "CMO", "CMYK", "CNBC", "CNN", "COD", "COO", "CPA",
    "CPC", "CPI", "CPM", "CPO", "CPR", "CPU", "CRM", "CRO", "CRT", "CSI", "CSO", "CSS", "CST",
    "CSV", "CT", "CTO", "CTR", "DC", "DCU", "DDS", "DEA", "DFW", "DHA", "DHL", "DIY", "DIYER",
    "DJ", "DLC", "DM", "DMS", "DMV", "DNA", "DNS", "DOD", "DOE", "DOJ", "DPI", "DSLR", "DTC",
    "DVD", "DVM", "DVR", "EA", "ECG", "EDM", "EDT", "EIN", "EKG", "EMT", "ENT", "EOD", "EOM",
    "EPA", "EPS", "EQ", "ER", "ERP", "ESA", "ESL", "ESPN", "EST", "ETA", "ETF", "EU", "EV",
    "EVP", "EVS", "FAQ", "FAQS", "FB", "FBI", "FCC", "FDA", "FOB", "FPS", "FTC", "FTP", "FX",
    "FYI", "GCP", "GDP", "GDPR", "GE", "GED", "GHB", "GIFS", "GM", "GMC", "GMO", "GMT", "GNP",
    "GP", "GPA", "GPS", "GPT", "GPU", "GRE", "GSM", "GST", "GTA", "GUI", "HBO", "HDD", "HDL",
    "HDMI", "HDR", "HIV", "HMO", "HOA", "HP", "HR", "HSBC", "HSN", "HTML", "HTTP", "HTTPS",
    "HVAC", "IB", "IBD", "IBM", "IBS", "IBU", "ICU", "ID", "IDE", "IDS", "IEEE", "IG", "IMF",
    "IMHO", "IMO", "ING", "IOC", "IOS", "IP", "IPO", "IQ", "IRA", "IRL", "IRS", "ISO", "ISP",
    "ISS", "IST", "IT", "ITV", "IV", "IVF", "JFK", "JP", "JPL", "JS", "KFC", "KIA", "KLM", "KO",
    "KPI", "LAPD", "LAX", "LCD", "LDL", "LED", "LGA", "LGBT", "LGBTQ", "LLC", "LLM", "LLP",
    "LOL", "LOTR", "LSD", "LSE", "LTE", "LTV", "MA", "MBA", "MC", "MCL", "MCU", "MD", "MDMA",
    "MIA", "MIT", "ML", "MLB", "MLS", "MMO", "MMS", "MP", "MPG", "MPH", "MPS", "MRI", "MRR",
    "MS", "MSG", "MSN", "MSRP", "MST", "MTV", "MVC", "MVP", "NA", "NAACP", "NASL", "NBA", "NBC",
    "NCAA", "NCIS", "NDA", "NFC", "NFL", "NFT", "NGO", "NHL", "NHS", "NIH", "NJ", "NLP", "NPC",
    "NPR", "NSA", "NSFW", "NY", "NYC", "NYPD", "NYU", "OCD", "OCR", "ODM", "OEM", "OG", "OLED",
    "OMG", "OOO", "OOP", "ORD", "ORM", "OS", "OT", "PA", "PBJ", "PBS", "PC", "PCI", "PCOS",
    "PCP", "PCS", "PDF", "PDT", "PE", "PG", "PGA", "PHD", "PHEV", "PHP", "PII", "PLC", "PM",
    "PMI", "PMS", "PNG", "POS", "POV", "POW", "PPC", "PPM", "PPO", "PR", "PS", "PSA", "PSI",
    "PST", "PTA", "PTO", "PTSD", "PVC", "QA", "QC", "QVC", "RA", "RAF", "RFID", "RFP", "RFQ",
    "RGB", "RIP", "RN", "RNA", "RNN", "ROI", "RPG", "RPM", "RSS", "RSVP", "RV", "SAP", "SAS",
    "SDK", "SDR", "SEC", "SEM", "SEO", "SF", "SFO", "SKU", "SLA", "SLR", "SM", "SMB", "SME",
    "SMS", "SNL", "SOS", "SPF", "SQL", "SSD", "SSH", "SSL", "SSN", "STD", "STI", "SUV", "SVG",
    "SVP", "SVU", "TA", "TB", "TBA", "TBD", "TBH", "TBT", "TCP", "TGIF", "THC", "TKO", "TLC",
    "TLDR", "TLS", "TMI", "TSA", "TTS", "TV", "TVS", "TWA", "UAE", "UBS", "UCLA", "UFC", "UFO",
    "UGC", "UI", "UK", "UL", "UN", "UPC", "UPS", "URL", "USA", "USB", "USC", "USOC", "USP",
    "USPS", "UTC", "UTI", "UV", "UX", "VAT", "VC", "VCR", "VHS", "VIP", "VM", "VP", "VPN", "VR",
    "VW", "WHO", "WTA", "WTO", "WWE", "XML", "XR", "YMCA", "YT", "YWCA",
];

/// Short ordinary words that scripts write in capitals.
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "A", "ABE", "ABOUT", "ABOVE", "ACE", "ACT", "ADA", "ADD", "ADO", "AFTER", "AGAIN", "AGE",
    "AGO", "AH", "AHA", "AID", "AIM", "AIR", "ALE", "ALI", "ALL", "ALONE", "ALONG", "ALSO",
    "ALWAYS", "AMY", "AN", "ANA", "AND", "ANN", "ANT", "ANY", "APE", "APP", "APPLY", "APT",
    "ARC", "ARE", "AREA", "ARM", "ARMY", "ART", "AS", "ASK", "AT", "ATE", "AVA", "AW", "AWAY",
    "AWE", "AXE", "BABY", "BACK", "BAD", "BAG", "BAKE", "BALL", "BAN", "BAND", "BANK", "BAR",
    "BASE", "BASIC", "BAT", "BATH", "BAY", "BE", "BEACH", "BEAN", "BEAR", "BEAT", "BED", "BEE",
    "BEEN", "BEER", "BEGIN", "BELL", "BELOW", "BELT", "BEN", "BEST", "BET", "BIB", "BIG",
    "BIKE", "BILL", "BIN", "BIRD", "BIT", "BITE", "BLACK", "BLOOD", "BLUE", "BOA", "BOARD",
    "BOAT", "BOB", "BODY", "BOLD", "BOMB", "BOND", "BONE", "BONUS", "BOO", "BOOK", "BOOM",
    "BOP", "BORN", "BOSS", "BOTH", "BOW", "BOWL", "BOX", "BOY", "BRAIN", "BRAND", "BREAD",
    "BREAK", "BRING", "BRO", "BROWN", "BRR", "BUD", "BUG", "BUILD", "BUM", "BUN", "BURN", "BUS",
    "BUSY", "BUT", "BUY", "BY", "BYE", "CAB", "CAFE", "CAKE", "CALL", "CALM", "CAME", "CAMP",
    "CAN", "CAP", "CAR", "CARD", "CARE", "CASE", "CASH", "CAST", "CAT", "CAUSE", "CHAIR",
    "CHEAP", "CHECK", "CHEF", "CHILD", "CHIP", "CITY", "CLEAN", "CLEAR", "CLICK", "CLOSE",
    "CLUB", "COAT", "COB", "CODE", "COG", "COLD", "COME", "CONS", "COOK", "COOL", "COP", "COPY",
    "CORE", "COST", "COT", "COW", "CRAZY", "CREAM", "CREW", "CRY", "CUB", "CUE", "CUP", "CURE",
    "CUT", "CUTE", "DAB", "DAD", "DAILY", "DAM", "DAN", "DANCE", "DARK", "DATA", "DATE", "DAWN",
    "DAY", "DEAD", "DEAL", "DEALS", "DEAR", "DEEP", "DEN", "DESK", "DEW", "DID", "DIE", "DIET",
    "DIG", "DIM", "DIP", "DISH", "DO", "DOG", "DON", "DONE", "DOOR", "DOT", "DOWN", "DR",
    "DRAW", "DREAM", "DRESS", "DRINK", "DRIVE", "DROP", "DRY", "DUB", "DUCK", "DUDE", "DUE",
    "DUG", "DUH", "DUO", "DUST", "DUTY", "DYE", "EACH", "EAR", "EARLY", "EARN", "EARTH", "EAST",
    "EASY", "EAT", "EBB", "EDGE", "EDIT", "EEL", "EGG", "EGO", "EH", "EIGHT", "ELF", "ELK",
    "ELSE", "EMU", "END", "ENJOY", "ENTER", "EPIC", "ERA", "ERR", "EVA", "EVE", "EVEN", "EVENT",
    "EVER", "EVERY", "EVIL", "EWE", "EXIT", "EXTRA", "EYE", "FAB", "FACE", "FACT", "FAIL",
    "FAIR", "FAITH", "FALL", "FALSE", "FAN", "FAR", "FARM", "FAST", "FAT", "FATE", "FAV", "FAX",
    "FEAR", "FED", "FEE", "FEED", "FEEL", "FEET", "FEW", "FIG", "FILE", "FILL", "FILM", "FIN",
    "FINAL", "FIND", "FINE", "FIR", "FIRE", "FIRM", "FIRST", "FISH", "FIT", "FIVE", "FIX",
    "FLASH", "FLAT", "FLOOR", "FLOW", "FLU", "FLY", "FOCUS", "FOE", "FOG", "FOLD", "FOOD",
    "FOOT", "FOR", "FORCE", "FORM", "FOUR", "FOX", "FREE", "FRESH", "FRIED", "FROM", "FRONT",
    "FRUIT", "FUEL", "FULL", "FUN", "FUND", "FUNNY", "FUR", "GAG", "GAIN", "GAL", "GAME", "GAP",
    "GAS", "GATE", "GAVE", "GEAR", "GEE", "GEL", "GEM", "GET", "GIANT", "GIFT", "GIN", "GIRL",
    "GIVE", "GIVEN", "GLAD", "GLOW", "GO", "GOAL", "GOES", "GOLD", "GONE", "GOOD", "GOT",
    "GRAB", "GRAND", "GREAT", "GREEN", "GREY", "GROUP", "GROW", "GRR", "GUIDE", "GUM", "GUN",
    "GUS", "GUY", "GYM", "HA", "HACK", "HAD", "HAG", "HAIR", "HALF", "HALL", "HAM", "HAND",
    "HAPPY", "HARD", "HAS", "HAT", "HAVE", "HAY", "HE", "HEAD", "HEAR", "HEART", "HEAT",
    "HEAVY", "HELD", "HELL", "HELLO", "HELP", "HEM", "HEN", "HER", "HERE", "HERO", "HEX", "HEY",
    "HI", "HID", "HIGH", "HILL", "HIM", "HIP", "HIRE", "HIS", "HIT", "HMM", "HO", "HOE", "HOLD",
    "HOLE", "HOLY", "HOME", "HOP", "HOPE", "HOST", "HOT", "HOTEL", "HOUR", "HOUSE", "HOW",
    "HUB", "HUE", "HUG", "HUGE", "HUH", "HUM", "HUMAN", "HURRY", "HURT", "HUT", "I", "IAN",
    "ICE", "ICY", "IDEA", "IDEAL", "IF", "ILL", "IMAGE", "IN", "INK", "INN", "INTO", "ION",
    "IRE", "IRON", "IS", "IT", "ITEM", "ITEMS", "ITS", "IVY", "JAB", "JAM", "JAR", "JAW", "JAY",
    "JAZZ", "JEN", "JET", "JIG", "JIM", "JOB", "JOE", "JOG", "JOIN", "JOY", "JUG", "JUMP",
    "JUST", "KAY", "KEEP", "KEG", "KEN", "KEY", "KICK", "KID", "KIM", "KIN", "KIND", "KING",
    "KISS", "KIT", "KNOW", "LAB", "LAD", "LADY", "LAG", "LAKE", "LAND", "LAP", "LARGE", "LAST",
    "LATE", "LAUGH", "LAW", "LAY", "LAZY", "LEAD", "LEARN", "LEAST", "LEAVE", "LEE", "LEFT",
    "LEG", "LEO", "LESS", "LET", "LEVEL", "LID", "LIE", "LIFE", "LIFT", "LIGHT", "LIKE",
    "LIMIT", "LINE", "LINK", "LION", "LIP", "LIST", "LIT", "LIVE", "LO", "LOAD", "LOAN",
    "LOCAL", "LOCK", "LOG", "LONG", "LOO", "LOOK", "LORD", "LOSE", "LOSS", "LOST", "LOT",
    "LOUD", "LOVE", "LOVED", "LOW", "LUCK", "LUCKY", "LUG", "LUNCH", "MAD", "MADE", "MAGIC",
    "MAIL", "MAIN", "MAJOR", "MAKE", "MAN", "MANY", "MAP", "MAR", "MARK", "MASK", "MAT",
    "MATCH", "MAX", "MAY", "MAYBE", "ME", "MEAL", "MEAN", "MEAT", "MEET", "MEG", "MEH", "MEN",
    "MENU", "MEOW", "MET", "METAL", "MID", "MIGHT", "MILD", "MILE", "MILK", "MIND", "MINE",
    "MINI", "MISS", "MIX", "MMM", "MOB", "MODE", "MOM", "MON", "MONEY", "MONTH", "MOOD", "MOON",
    "MOP", "MORE", "MOST", "MOVE", "MOW", "MR", "MRS", "MUCH", "MUD", "MUG", "MUM", "MUSIC",
    "MUST", "MY", "NAB", "NAG", "NAH", "NAME", "NAP", "NEAR", "NECK", "NED", "NEED", "NET",
    "NEVER", "NEW", "NEWS", "NEXT", "NIB", "NICE", "NIGHT", "NIL", "NINE", "NO", "NOD", "NON",
    "NONE", "NOR", "NORTH", "NOSE", "NOT", "NOTE", "NOW", "NTH", "NUN", "NUT", "OAK", "OAR",
    "ODD", "ODE", "OF", "OFF", "OFFER", "OH", "OIL", "OK", "OLD", "ON", "ONCE", "ONE", "ONLY",
    "OPEN", "OPT", "OR", "ORAL", "ORB", "ORDER", "ORE", "OTHER", "OUR", "OURS", "OUT", "OVEN",
    "OVER", "OWE", "OWL", "OWN", "OX", "PACK", "PAD", "PAGE", "PAID", "PAIN", "PAIR", "PAL",
    "PAM", "PAN", "PARK", "PART", "PARTY", "PASS", "PAST", "PAT", "PATH", "PAW", "PAY", "PEA",
    "PEACE", "PEAK", "PEG", "PEN", "PEP", "PET", "PEW", "PHONE", "PHOTO", "PIC", "PICK", "PIE",
    "PIG", "PINK", "PIT", "PLACE", "PLAN", "PLANT", "PLAY", "PLUS", "POD", "POINT", "POLL",
    "POOL", "POOR", "POP", "POST", "POT", "POWER", "PRESS", "PRICE", "PRIME", "PRIZE", "PRO",
    "PROS", "PROUD", "PSST", "PUB", "PULL", "PUN", "PUP", "PURE", "PUSH", "PUT", "QUEEN",
    "QUICK", "QUIET", "QUIT", "RACE", "RADIO", "RAG", "RAIN", "RAN", "RAP", "RARE", "RAT",
    "RATE", "RAW", "RAY", "READ", "READY", "REAL", "RED", "REST", "REV", "RIB", "RICE", "RICH",
    "RID", "RIDE", "RIG", "RIGHT", "RIM", "RING", "RISE", "RISK", "RIVER", "ROAD", "ROB",
    "ROCK", "ROD", "ROE", "ROLE", "ROLL", "RON", "ROOF", "ROOM", "ROSE", "ROT", "ROW", "ROY",
    "ROYAL", "RUB", "RUG", "RULE", "RUM", "RUN", "RUSH", "RUT", "RYE", "SAC", "SAD", "SAFE",
    "SAG", "SAID", "SALE", "SALES", "SALT", "SAM", "SAME", "SAND", "SAT", "SAVE", "SAW", "SAY",
    "SCENE", "SEA", "SEAT", "SEE", "SEED", "SEEK", "SEEM", "SELF", "SELL", "SEND", "SENT",
    "SET", "SEVEN", "SHARE", "SHARP", "SHE", "SHH", "SHIP", "SHOP", "SHORT", "SHOT", "SHOW",
    "SHUT", "SHY", "SICK", "SIDE", "SIGN", "SILK", "SIN", "SING", "SIP", "SIR", "SIS", "SIT",
    "SITE", "SIX", "SIZE", "SKI", "SKILL", "SKIN", "SKY", "SLEEP", "SLIM", "SLOW", "SMALL",
    "SMART", "SMILE", "SNOW", "SO", "SOAP", "SOB", "SOD", "SOFT", "SOIL", "SOLD", "SOLID",
    "SOLO", "SOME", "SON", "SONG", "SOON", "SORT", "SOUL", "SOUND", "SOUP", "SOUTH", "SOW",
    "SOY", "SPA", "SPACE", "SPEED", "SPEND", "SPOT", "SPY", "ST", "STAFF", "STAR", "START",
    "STATE", "STAY", "STEEL", "STEP", "STILL", "STOCK", "STOP", "STORE", "STORY", "STUDY",
    "STYLE", "SUCH", "SUE", "SUGAR", "SUM", "SUN", "SUPER", "SURE", "SWAG", "SWEET", "SWIM",
    "TAB", "TABLE", "TAD", "TAG", "TAKE", "TALK", "TALL", "TAN", "TANK", "TAP", "TAPE", "TAR",
    "TASK", "TASTE", "TAX", "TEA", "TEACH", "TEAM", "TECH", "TELL", "TEN", "TERM", "TEST",
    "TEXT", "THAN", "THANK", "THAT", "THE", "THEIR", "THEM", "THEN", "THERE", "THESE", "THEY",
    "THIN", "THING", "THINK", "THIS", "THREE", "TIC", "TIE", "TIM", "TIME", "TIN", "TINY",
    "TIP", "TO", "TODAY", "TOE", "TOLD", "TOM", "TON", "TONE", "TOO", "TOOK", "TOOL", "TOP",
    "TOTAL", "TOUCH", "TOUGH", "TOUR", "TOWN", "TOY", "TRACK", "TRADE", "TRAIN", "TREAT",
    "TREE", "TREND", "TRIO", "TRIP", "TRUE", "TRUST", "TRUTH", "TRY", "TSK", "TUB", "TUG",
    "TUNE", "TURN", "TWIN", "TWO", "TYPE", "UGH", "UH", "UM", "UNDER", "UNIT", "UNTIL", "UP",
    "UPON", "UPPER", "URBAN", "URN", "US", "USE", "USED", "USER", "USUAL", "VALUE", "VAN",
    "VEG", "VERY", "VET", "VIA", "VIBE", "VIDEO", "VIE", "VIEW", "VISIT", "VOICE", "VOTE",
    "VOW", "WAD", "WAG", "WAIT", "WAKE", "WALK", "WALL", "WANT", "WAR", "WARM", "WARN", "WAS",
    "WASH", "WATCH", "WATER", "WAVE", "WAX", "WAY", "WE", "WEAK", "WEAR", "WEB", "WED", "WEE",
    "WEEK", "WELL", "WENT", "WERE", "WEST", "WET", "WHAT", "WHEN", "WHERE", "WHICH", "WHILE",
    "WHITE", "WHO", "WHOLE", "WHOM", "WHY", "WIDE", "WIFE", "WIG", "WILD", "WILL", "WIN",
    "WIND", "WINE", "WING", "WISH", "WIT", "WITH", "WOE", "WOMAN", "WOMEN", "WON", "WOOD",
    "WOOF", "WORD", "WORE", "WORK", "WORLD", "WORST", "WORTH", "WOULD", "WOW", "WRITE", "WRONG",
    "YA", "YAK", "YARD", "YAY", "YEAH", "YEAR", "YES", "YET", "YO", "YOU", "YOUNG", "YOUR",
    "YOURS", "YUM", "YUP", "ZAP", "ZEN", "ZERO", "ZOE", "ZONE", "ZOO", "ZZZ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        for table in [SAID, SPELLED, WORDS] {
            assert!(table.is_sorted());
        }
    }
}
