//! Names of shapes: what nodes or pods that are alike are called.

use crate::units::Resources;
use std::collections::BTreeSet;

/// The names given so far.
#[derive(Debug, Default)]
pub struct ShapeNames(BTreeSet<String>);

impl ShapeNames {
    /// A name such as `32cpu-256Gi-2gpu-p100`, with a number behind it where that is taken: amounts, then what else tells the
    /// shape from others.
    pub fn give<'a>(&mut self, amounts: &Resources, others: impl IntoIterator<Item = &'a str>) -> String {
        let mut name = format!("{}cpu-{}", amounts.cpu, amounts.memory);
        for (resource, amount) in &amounts.extended {
            name.push_str(&format!("-{amount}{}", resource.rsplit('/').next().unwrap_or(resource)));
        }
        for other in others {
            name.push_str(&format!("-{}", other.to_lowercase()));
        }
        let free = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}-{number}") });
        let free = free.into_iter().find(|name| !self.0.contains(name)).expect("there is always a next number");
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, MilliCpu};

    #[test]
    fn shapes_are_called_by_what_they_are_and_numbered_where_that_is_not_enough() {
        let mut names = ShapeNames::default();
        let mut amounts =
            Resources { cpu: MilliCpu::from_cores(32), memory: Bytes::from_gib(256), ..Resources::default() };
        assert_eq!(names.give(&amounts, []), "32cpu-256Gi");
        assert_eq!(names.give(&amounts, []), "32cpu-256Gi-2");
        amounts.extended.insert("nvidia.com/gpu".into(), 2);
        assert_eq!(names.give(&amounts, ["P100"]), "32cpu-256Gi-2gpu-p100");
    }
}
