//! Tests of Spanish and Portuguese phrases.

use crate::common::{Reading, assert_readings};

/// Spanish phrases.
const SPANISH: &[Reading] = &[
    Reading {
        language: "es-AR",
        written: "$1.500,50",
        spoken: "mil quinientos pesos con cincuenta",
    },
    Reading { language: "es-US", written: "$12.50", spoken: "doce dólares con cincuenta" },
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
    Reading { language: "es", written: "el 14/07", spoken: "el catorce de julio" },
    Reading { language: "es", written: "página 1", spoken: "página uno" },
    Reading { language: "es", written: "el 1.er premio", spoken: "el primer premio" },
    Reading {
        language: "es",
        written: "US$ 20 o 50%",
        spoken: "veinte dólares estadounidenses o cincuenta por ciento",
    },
];

/// Portuguese phrases.
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
    Reading { language: "pt-BR", written: "R$ 2 milhões", spoken: "dois milhões de reais" },
    Reading {
        language: "pt-BR",
        written: "R$ 1.234,56",
        spoken: "mil duzentos e trinta e quatro reais e cinquenta e seis centavos",
    },
    Reading { language: "pt-BR", written: "página 1", spoken: "página um" },
    Reading {
        language: "pt-PT",
        written: "1 234,56 €",
        spoken: "mil duzentos e trinta e quatro euros e cinquenta e seis cêntimos",
    },
];

#[test]
fn spanish_is_read() {
    assert!(SPANISH.len() >= 40);
    assert_readings(SPANISH);
}

#[test]
fn portuguese_is_read() {
    assert!(PORTUGUESE.len() >= 40);
    assert_readings(PORTUGUESE);
}
