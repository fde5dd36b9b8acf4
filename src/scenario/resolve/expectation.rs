//! Objectives such as `pod_pending_seconds.p95 <= 180`.

use crate::scenario::plan::{Comparison, Expectation};

/// Longer operators first: `<` begins `<=` too.
const OPERATORS: [(&str, Comparison); 5] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// Reads an objective; `None` when it has another form than `metric <= number`.
#[must_use]
pub fn parse(text: &str) -> Option<Expectation> {
    let (symbol, comparison) = OPERATORS.into_iter().find(|(symbol, _)| text.contains(symbol))?;
    let (metric, limit) = text.split_once(symbol)?;
    let metric = metric.trim();
    let is_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let limit = limit.trim().parse().ok().filter(|limit: &f64| limit.is_finite())?;
    (!metric.is_empty() && metric.chars().all(is_name)).then(|| Expectation {
        text: text.trim().to_owned(),
        metric: metric.to_owned(),
        comparison,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read() {
        let objective = parse("pod_pending_seconds.p95 <= 180").unwrap();
        assert_eq!(
            (objective.metric.as_str(), objective.comparison, objective.limit),
            ("pod_pending_seconds.p95", Comparison::LessOrEqual, 180.0)
        );
        assert_eq!(parse("subnet.nodes.exhaustions==0").unwrap().comparison, Comparison::Equal);
        for text in ["pending", "a <= b", "<= 3", "a b < 3", "a = 3"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
