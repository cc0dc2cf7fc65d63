//! Words in capitals: acronyms that are spelled, acronyms that are said, and ordinary words.
//!
//! The tables are data, sorted for [`has`]; `acronyms` decides. A word that is in none of them is
//! judged by its shape.

/// Returns true if a sorted table has the word.
pub(super) fn has(table: &[&str], word: &str) -> bool {
    table.binary_search(&word).is_ok()
}

/// Acronyms said as words.
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
    "A", "ABOUT", "ABOVE", "ACE", "ACT", "ADD", "ADO", "AFTER", "AGAIN", "AGE", "AGO", "AH",
    "AID", "AIM", "AIR", "ALE", "ALL", "ALONE", "ALONG", "ALSO", "ALWAYS", "AN", "AND", "ANT",
    "ANY", "APE", "APP", "APPLY", "ARE", "AREA", "ARM", "ARMY", "ART", "AS", "ASK", "AT", "ATE",
    "AW", "AWAY", "AXE", "BABY", "BACK", "BAD", "BAG", "BAKE", "BALL", "BAN", "BAND", "BANK",
    "BAR", "BASE", "BASIC", "BAT", "BATH", "BAY", "BE", "BEACH", "BEAN", "BEAR", "BEAT", "BED",
    "BEE", "BEEN", "BEER", "BEGIN", "BELL", "BELOW", "BELT", "BEST", "BET", "BIG", "BIKE",
    "BILL", "BIN", "BIRD", "BIT", "BITE", "BLACK", "BLOOD", "BLUE", "BOARD", "BOAT", "BODY",
    "BOLD", "BOMB", "BOND", "BONE", "BONUS", "BOO", "BOOK", "BOOM", "BORN", "BOSS", "BOTH",
    "BOW", "BOWL", "BOX", "BOY", "BRAIN", "BRAND", "BREAD", "BREAK", "BRING", "BRO", "BROWN",
    "BRR", "BUD", "BUG", "BUILD", "BUN", "BURN", "BUS", "BUSY", "BUT", "BUY", "BY", "BYE",
    "CAB", "CAFE", "CAKE", "CALL", "CALM", "CAME", "CAMP", "CAN", "CAP", "CAR", "CARD", "CARE",
    "CASE", "CASH", "CAST", "CAT", "CAUSE", "CHAIR", "CHEAP", "CHECK", "CHEF", "CHILD", "CHIP",
    "CITY", "CLEAN", "CLEAR", "CLICK", "CLOSE", "CLUB", "COAT", "CODE", "COLD", "COME", "CONS",
    "COOK", "COOL", "COPY", "CORE", "COST", "COW", "CRAZY", "CREAM", "CREW", "CRY", "CUB",
    "CUP", "CURE", "CUT", "CUTE", "DAD", "DAILY", "DANCE", "DARK", "DATA", "DATE", "DAWN",
    "DAY", "DEAD", "DEAL", "DEALS", "DEAR", "DEEP", "DEN", "DESK", "DID", "DIE", "DIET", "DIG",
    "DIM", "DIP", "DISH", "DO", "DOG", "DONE", "DOOR", "DOT", "DOWN", "DR", "DRAW", "DREAM",
    "DRESS", "DRINK", "DRIVE", "DROP", "DRY", "DUCK", "DUDE", "DUE", "DUH", "DUO", "DUST",
    "DUTY", "EACH", "EAR", "EARLY", "EARN", "EARTH", "EAST", "EASY", "EAT", "EDGE", "EDIT",
    "EEL", "EGG", "EGO", "EH", "EIGHT", "ELF", "ELK", "ELSE", "EMU", "END", "ENJOY", "ENTER",
    "EPIC", "EVE", "EVEN", "EVENT", "EVER", "EVERY", "EVIL", "EXIT", "EXTRA", "EYE", "FAB",
    "FACE", "FACT", "FAIL", "FAIR", "FAITH", "FALL", "FALSE", "FAN", "FAR", "FARM", "FAST",
    "FAT", "FATE", "FAV", "FEAR", "FED", "FEE", "FEED", "FEEL", "FEET", "FEW", "FIG", "FILE",
    "FILL", "FILM", "FINAL", "FIND", "FINE", "FIRE", "FIRM", "FIRST", "FISH", "FIT", "FIVE",
    "FIX", "FLASH", "FLAT", "FLOOR", "FLOW", "FLY", "FOCUS", "FOG", "FOLD", "FOOD", "FOOT",
    "FOR", "FORCE", "FORM", "FOUR", "FOX", "FREE", "FRESH", "FRIED", "FROM", "FRONT", "FRUIT",
    "FUEL", "FULL", "FUN", "FUND", "FUNNY", "FUR", "GAIN", "GAL", "GAME", "GAS", "GATE", "GAVE",
    "GEAR", "GEM", "GET", "GIANT", "GIFT", "GIN", "GIRL", "GIVE", "GIVEN", "GLAD", "GLOW", "GO",
    "GOAL", "GOES", "GOLD", "GONE", "GOOD", "GOT", "GRAB", "GRAND", "GREAT", "GREEN", "GREY",
    "GROUP", "GROW", "GRR", "GUIDE", "GUM", "GUN", "GUY", "GYM", "HA", "HACK", "HAD", "HAIR",
    "HALF", "HALL", "HAM", "HAND", "HAPPY", "HARD", "HAS", "HAT", "HAVE", "HAY", "HE", "HEAD",
    "HEAR", "HEART", "HEAT", "HEAVY", "HELD", "HELL", "HELLO", "HELP", "HEN", "HER", "HERE",
    "HERO", "HEY", "HI", "HID", "HIGH", "HILL", "HIM", "HIP", "HIRE", "HIS", "HIT", "HMM", "HO",
    "HOE", "HOLD", "HOLE", "HOLY", "HOME", "HOP", "HOPE", "HOST", "HOT", "HOTEL", "HOUR",
    "HOUSE", "HOW", "HUB", "HUG", "HUGE", "HUH", "HUMAN", "HURRY", "HURT", "I", "ICE", "IDEA",
    "IDEAL", "IF", "ILL", "IMAGE", "IN", "INK", "INN", "INTO", "IRON", "IS", "IT", "ITEM",
    "ITEMS", "ITS", "JAM", "JAR", "JAW", "JAZZ", "JET", "JOB", "JOG", "JOIN", "JOY", "JUMP",
    "JUST", "KEEP", "KEY", "KICK", "KID", "KIND", "KING", "KISS", "KIT", "KNOW", "LAB", "LAD",
    "LADY", "LAKE", "LAND", "LAP", "LARGE", "LAST", "LATE", "LAUGH", "LAW", "LAY", "LAZY",
    "LEAD", "LEARN", "LEAST", "LEAVE", "LEFT", "LEG", "LESS", "LET", "LEVEL", "LID", "LIE",
    "LIFE", "LIFT", "LIGHT", "LIKE", "LIMIT", "LINE", "LINK", "LION", "LIP", "LIST", "LIT",
    "LIVE", "LO", "LOAD", "LOAN", "LOCAL", "LOCK", "LOG", "LONG", "LOOK", "LORD", "LOSE",
    "LOSS", "LOST", "LOT", "LOUD", "LOVE", "LOVED", "LOW", "LUCK", "LUCKY", "LUNCH", "MA",
    "MAD", "MADE", "MAGIC", "MAIL", "MAIN", "MAJOR", "MAKE", "MAN", "MANY", "MAP", "MARK",
    "MASK", "MAT", "MATCH", "MAX", "MAY", "MAYBE", "ME", "MEAL", "MEAN", "MEAT", "MEET", "MEN",
    "MENU", "MET", "METAL", "MID", "MIGHT", "MILD", "MILE", "MILK", "MIND", "MINE", "MINI",
    "MISS", "MIX", "MMM", "MODE", "MOM", "MONEY", "MONTH", "MOOD", "MOON", "MOP", "MORE",
    "MOST", "MOVE", "MR", "MRS", "MUCH", "MUD", "MUG", "MUM", "MUSIC", "MUST", "MY", "NAH",
    "NAME", "NAP", "NEAR", "NECK", "NEED", "NET", "NEVER", "NEW", "NEWS", "NEXT", "NICE",
    "NIGHT", "NIL", "NINE", "NO", "NOD", "NONE", "NOR", "NORTH", "NOSE", "NOT", "NOTE", "NOW",
    "NTH", "NUT", "OAK", "OAR", "ODD", "OF", "OFF", "OFFER", "OH", "OIL", "OK", "OLD", "ON",
    "ONCE", "ONE", "ONLY", "OPEN", "OR", "ORAL", "ORDER", "OTHER", "OUR", "OURS", "OUT", "OVEN",
    "OVER", "OWE", "OWL", "OWN", "OX", "PA", "PACK", "PAGE", "PAID", "PAIN", "PAIR", "PAN",
    "PARK", "PART", "PARTY", "PASS", "PAST", "PAT", "PATH", "PAW", "PAY", "PEA", "PEACE",
    "PEAK", "PEN", "PET", "PHONE", "PHOTO", "PICK", "PIE", "PIG", "PINK", "PIT", "PLACE",
    "PLAN", "PLANT", "PLAY", "PLUS", "POD", "POINT", "POLL", "POOL", "POOR", "POP", "POST",
    "POT", "POWER", "PRESS", "PRICE", "PRIME", "PRIZE", "PRO", "PROS", "PROUD", "PSST", "PUB",
    "PULL", "PUP", "PURE", "PUSH", "PUT", "QUEEN", "QUICK", "QUIET", "QUIT", "RACE", "RADIO",
    "RAG", "RAIN", "RAN", "RARE", "RAT", "RATE", "RAW", "READ", "READY", "REAL", "RED", "REST",
    "RIB", "RICE", "RICH", "RID", "RIDE", "RIG", "RIGHT", "RIM", "RING", "RISE", "RISK",
    "RIVER", "ROAD", "ROB", "ROCK", "ROD", "ROLE", "ROLL", "ROOF", "ROOM", "ROSE", "ROT", "ROW",
    "ROYAL", "RUB", "RUG", "RULE", "RUM", "RUN", "RUSH", "RYE", "SAD", "SAFE", "SAID", "SALE",
    "SALES", "SALT", "SAME", "SAND", "SAT", "SAVE", "SAW", "SAY", "SCENE", "SEA", "SEAT", "SEE",
    "SEED", "SEEK", "SEEM", "SELF", "SELL", "SEND", "SENT", "SET", "SEVEN", "SHARE", "SHARP",
    "SHE", "SHH", "SHIP", "SHOP", "SHORT", "SHOT", "SHOW", "SHUT", "SHY", "SICK", "SIDE",
    "SIGN", "SILK", "SING", "SIP", "SIR", "SIS", "SIT", "SITE", "SIX", "SIZE", "SKI", "SKILL",
    "SKIN", "SKY", "SLEEP", "SLIM", "SLOW", "SMALL", "SMART", "SMILE", "SNOW", "SO", "SOAP",
    "SOFT", "SOIL", "SOLD", "SOLID", "SOLO", "SOME", "SON", "SONG", "SOON", "SORT", "SOUL",
    "SOUND", "SOUP", "SOUTH", "SOY", "SPA", "SPACE", "SPEED", "SPEND", "SPOT", "SPY", "ST",
    "STAFF", "STAR", "START", "STATE", "STAY", "STEEL", "STEP", "STILL", "STOCK", "STOP",
    "STORE", "STORY", "STUDY", "STYLE", "SUCH", "SUGAR", "SUM", "SUN", "SUPER", "SURE", "SWAG",
    "SWEET", "SWIM", "TAB", "TABLE", "TAG", "TAKE", "TALK", "TALL", "TAN", "TANK", "TAP",
    "TAPE", "TAR", "TASK", "TASTE", "TAX", "TEA", "TEACH", "TEAM", "TECH", "TELL", "TEN",
    "TERM", "TEST", "TEXT", "THAN", "THANK", "THAT", "THE", "THEIR", "THEM", "THEN", "THERE",
    "THESE", "THEY", "THIN", "THING", "THINK", "THIS", "THREE", "TIE", "TIME", "TIN", "TINY",
    "TIP", "TO", "TODAY", "TOE", "TOLD", "TON", "TONE", "TOO", "TOOK", "TOOL", "TOP", "TOTAL",
    "TOUCH", "TOUGH", "TOUR", "TOWN", "TOY", "TRACK", "TRADE", "TRAIN", "TREAT", "TREE",
    "TREND", "TRIO", "TRIP", "TRUE", "TRUST", "TRUTH", "TRY", "TSK", "TUB", "TUNE", "TURN",
    "TWIN", "TWO", "TYPE", "UGH", "UH", "UM", "UNDER", "UNIT", "UNTIL", "UP", "UPON", "UPPER",
    "URBAN", "US", "USE", "USED", "USER", "USUAL", "VALUE", "VAN", "VEG", "VERY", "VET", "VIBE",
    "VIDEO", "VIEW", "VISIT", "VOICE", "VOTE", "WAIT", "WAKE", "WALK", "WALL", "WANT", "WAR",
    "WARM", "WARN", "WAS", "WASH", "WATCH", "WATER", "WAVE", "WAX", "WAY", "WE", "WEAK", "WEAR",
    "WEB", "WED", "WEEK", "WELL", "WENT", "WERE", "WEST", "WET", "WHAT", "WHEN", "WHERE",
    "WHICH", "WHILE", "WHITE", "WHO", "WHOLE", "WHOM", "WHY", "WIDE", "WIFE", "WILD", "WILL",
    "WIN", "WIND", "WINE", "WING", "WISH", "WIT", "WITH", "WOMAN", "WOMEN", "WON", "WOOD",
    "WORD", "WORE", "WORK", "WORLD", "WORST", "WORTH", "WOULD", "WOW", "WRITE", "WRONG", "YA",
    "YAK", "YARD", "YAY", "YEAH", "YEAR", "YES", "YET", "YO", "YOU", "YOUNG", "YOUR", "YOURS",
    "YUM", "YUP", "ZERO", "ZONE", "ZOO", "ZZZ",
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
