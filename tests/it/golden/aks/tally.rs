//! How many examples pass, by topic.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How an example went.
pub enum Outcome {
    /// Everything that it expects was found.
    Passed,
    /// The same by this choice, which is not the default.
    ByChoice(&'static str),
    /// Something else was found.
    Failed(String),
    /// The simulator knows nothing of the kind, for this reason.
    NotModelled(&'static str),
}

/// The outcomes, by topic.
#[derive(Default)]
pub struct Tally {
    topics: BTreeMap<String, [usize; 4]>,
    choices: Vec<(String, &'static str)>,
    failures: Vec<String>,
    not_modelled: BTreeMap<&'static str, Vec<String>>,
}

impl Tally {
    /// Counts an example.
    pub fn add(&mut self, topic: &str, id: &str, outcome: Outcome) {
        let column = match outcome {
            Outcome::Passed => 0,
            Outcome::ByChoice(choice) => {
                self.choices.push((id.to_owned(), choice));
                1
            }
            Outcome::Failed(difference) => {
                self.failures.push(format!("{id}: {difference}"));
                2
            }
            Outcome::NotModelled(reason) => {
                self.not_modelled.entry(reason).or_default().push(id.to_owned());
                3
            }
        };
        self.topics.entry(topic.to_owned()).or_default()[column] += 1;
    }

    /// Prints everything; a failure is one of the test.
    pub fn expect(&self) {
        println!("{}", self.tables());
        assert!(self.failures.is_empty(), "{} examples fail:\n{}", self.failures.len(), self.failures.join("\n"));
    }

    /// The tables of the document, in Markdown.
    pub fn tables(&self) -> String {
        let mut text =
            "| topic | passed | by another choice | failed | not modelled |\n|---|---:|---:|---:|---:|\n".to_owned();
        let mut sum = [0; 4];
        let row = |text: &mut String, topic: &str, [passed, choice, failed, without]: [usize; 4]| {
            writeln!(text, "| {topic} | {passed} | {choice} | {failed} | {without} |").expect("a string takes all");
        };
        for (topic, counts) in &self.topics {
            row(&mut text, topic, *counts);
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        row(&mut text, "**all**", sum);
        if !self.choices.is_empty() {
            text.push_str("\n| example that does not pass by default | passes |\n|---|---|\n");
            for (id, choice) in &self.choices {
                writeln!(text, "| {id} | {choice} |").expect("a string takes all");
            }
        }
        if !self.not_modelled.is_empty() {
            text.push_str("\n| not modelled | why |\n|---|---|\n");
            for (reason, ids) in &self.not_modelled {
                writeln!(text, "| {} | {reason} |", ids.join(", ")).expect("a string takes all");
            }
        }
        text.trim_end().to_owned()
    }
}
