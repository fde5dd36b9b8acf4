//! Numbers as text: exact and short in files, rounded and grouped for people.

/// A number for a file: at most six decimals (six significant digits below a thousandth), no trailing zeros, never an exponent;
/// empty when it is not a number.
#[must_use]
pub fn plain(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let text = if value.abs() >= 1e-3 { format!("{value:.6}") } else { format!("{value:.5e}") };
    let rounded: f64 = text.parse().expect("a formatted number can be read again");
    let shown = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{shown}")
}

/// A number with thousands separators and a real minus sign; `–` when it is not a number.
#[must_use]
pub fn grouped(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let negative = value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    let mut shown = String::from(if negative { "−" } else { "" });
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

/// As [`grouped`], with a dollar sign behind the minus sign.
#[must_use]
pub fn dollars(value: f64, decimals: usize) -> String {
    let text = grouped(value, decimals);
    match text.strip_prefix('−') {
        Some(amount) => format!("−${amount}"),
        None if value.is_finite() => format!("${text}"),
        None => text,
    }
}

/// Decimals that make sense for a value with this uncertainty: two significant digits of it, at most `most` and none beyond 10.
#[must_use]
pub fn decimals_for(uncertainty: f64, most: usize) -> usize {
    match uncertainty.abs() {
        half if !half.is_finite() || half == 0.0 => most.min(1),
        half if half >= 10.0 => 0,
        half if half >= 1.0 => most.min(1),
        half if half >= 0.1 => most.min(2),
        _ => most,
    }
}

/// A value with about three significant digits, for labels: `0.0123`, `1.23`, `12.3`, `1,234`.
#[must_use]
pub fn short(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = grouped(value, decimals);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Seconds in the unit that reads best: `0.3 s`, `45 s`, `2 min 10 s`, `1 h 5 min`.
#[must_use]
pub fn seconds(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let whole = value.round() as u64;
    let with_rest = |large: u64, large_unit: &str, rest: u64, rest_unit: &str| match rest {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {rest} {rest_unit}"),
    };
    match value {
        _ if value < 10.0 => format!("{} s", short((value * 10.0).round() / 10.0)),
        _ if value < 120.0 => format!("{whole} s"),
        _ if value < 7200.0 => with_rest(whole / 60, "min", whole % 60, "s"),
        _ => with_rest(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_get_short_exact_looking_numbers() {
        let cases = [
            (0.1 + 0.2, "0.3"),
            (3.0, "3"),
            (-0.0, "0"),
            (1e-7 / 3.0, "0.0000000333333"),
            (1234567.891, "1234567.891"),
            (2.0 / 3.0, "0.666667"),
            (-1e-12, "-0.000000000001"),
            (f64::NAN, ""),
        ];
        for (value, expected) in cases {
            assert_eq!(plain(value), expected);
        }
    }

    #[test]
    fn people_get_groups_of_three_digits_and_a_real_minus() {
        assert_eq!(grouped(1234567.4, 0), "1,234,567");
        assert_eq!(grouped(-1234.56, 1), "−1,234.6");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(999.0, 0), "999");
        assert_eq!(dollars(-12.3, 2), "−$12.30");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(12.0), "12");
    }

    #[test]
    fn seconds_are_told_in_the_unit_that_reads_best() {
        let cases = [(0.25, "0.3 s"), (45.4, "45 s"), (130.0, "2 min 10 s"), (600.0, "10 min"), (7500.0, "2 h 5 min")];
        for (value, expected) in cases {
            assert_eq!(seconds(value), expected);
        }
    }
}
