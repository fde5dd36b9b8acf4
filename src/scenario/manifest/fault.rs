//! What is wrong inside one Kubernetes object, before anyone knows which line it stands on.
//!
//! The conversion works on typed objects, which have no positions; it names the place by JSON pointer, and the caller
//! turns the pointer into file, line and column.

/// One thing wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// JSON pointer from the object's root.
    pub pointer: String,
    /// Stable code, such as `manifest::quantity`.
    pub code: &'static str,
    /// What stands there.
    pub found: String,
    /// What to write instead.
    pub write: String,
}

/// Everything wrong with an object, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults(pub Vec<Fault>);

impl Faults {
    /// Records one more.
    pub fn push(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        found: impl Into<String>,
        write: impl Into<String>,
    ) {
        self.0.push(Fault { pointer: pointer.into(), code, found: found.into(), write: write.into() });
    }
}

/// A JSON pointer one step deeper, the key escaped as RFC 6901 asks (`nvidia.com/gpu` has a slash).
pub(super) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The candidate nearest to a misspelt word, if any is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
