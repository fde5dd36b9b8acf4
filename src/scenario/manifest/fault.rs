//! What is wrong inside one Kubernetes object, before anyone knows which line it stands on.
//!
//! The conversion works on typed objects, which have no positions; it names the place by JSON pointer, and the caller
//! turns the pointer into file, line and column.

use crate::scenario::{did_you_mean, escape};

/// One thing wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// JSON pointer from the object's root.
    pub pointer: String,
    /// Stable code, such as `manifest::quantity`.
    pub code: &'static str,
    /// What stands there.
    pub found: String,
    /// What to do about it.
    pub remedy: String,
}

/// Everything wrong with an object, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(pub Vec<Fault>);

impl Faults {
    /// Records one more, with what to write instead.
    pub fn push(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        found: impl Into<String>,
        write: impl AsRef<str>,
    ) {
        let remedy = format!("write {}", write.as_ref());
        self.0.push(Fault { pointer: pointer.into(), code, found: found.into(), remedy });
    }

    /// Records a word that is none of the known ones: asks for the one most like it, or names what would do.
    pub fn unknown<'a>(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        (what, word): (&str, &str),
        known: impl IntoIterator<Item = &'a str>,
        otherwise: &str,
    ) {
        let meant = did_you_mean(word, known);
        let remedy = meant.map_or_else(|| format!("write {otherwise}"), |meant| format!("did you mean {meant}?"));
        self.0.push(Fault { pointer: pointer.into(), code, found: format!("{what} \"{word}\""), remedy });
    }
}

/// A JSON pointer one step deeper.
pub(super) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", escape(key))
}
