//! What a pod meets in its cluster besides itself: namespaces with their labels, and Services.

use crate::scenario::plan::{LabelSelector, Operator, Requirement};
use serde_json::Value;
use std::collections::BTreeMap;

/// The label that the API server puts on every namespace (Kubernetes documentation, "Namespaces", automatic labelling).
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

type Labels = BTreeMap<String, String>;

/// Namespaces and Services.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbours {
    namespaces: BTreeMap<String, Labels>,
    services: Vec<(String, Labels)>,
}

impl Neighbours {
    /// Makes a namespace known; with its object, its labels too.
    pub fn add_namespace(&mut self, name: &str, object: Option<&Value>) {
        let labels = self.namespaces.entry(name.to_owned()).or_default();
        labels.extend(object.map(|object| strings(object, "/metadata/labels")).unwrap_or_default());
        labels.insert(NAME_LABEL.to_owned(), name.to_owned());
    }

    /// Makes a Service known. One without a selector has no pods of its own.
    pub fn add_service(&mut self, namespace: &str, object: &Value) {
        if object.pointer("/spec/selector").is_some_and(Value::is_object) {
            self.services.push((namespace.to_owned(), strings(object, "/spec/selector")));
        }
    }

    /// The names of the namespaces with such labels.
    pub fn namespaces_with(&self, selector: &LabelSelector) -> impl Iterator<Item = &str> {
        let selected = self.namespaces.iter().filter(|(_, labels)| selector.matches(labels));
        selected.map(|(name, _)| name.as_str())
    }

    /// Whose pods default spread constraints count for a pod: those that its Services select and its owner too. `None` when that
    /// is nothing to go by.
    ///
    /// Source: kube-scheduler 1.31 to 1.36, `helper.DefaultSelector`, which merges the selectors of the Services that match.
    pub fn default_spread(
        &self,
        namespace: &str,
        labels: &Labels,
        owner: Option<&LabelSelector>,
    ) -> Option<LabelSelector> {
        let matches = |selector: &Labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        let serving = self.services.iter().filter(|(place, selector)| place == namespace && matches(selector));
        let merged: Labels = serving.flat_map(|(_, selector)| selector.clone()).collect();
        let mut requirements: Vec<Requirement> = merged.iter().map(|(key, value)| equality(key, value)).collect();
        for requirement in owner.into_iter().flat_map(|selector| &selector.requirements) {
            if !requirements.contains(requirement) {
                requirements.push(requirement.clone());
            }
        }
        (!requirements.is_empty()).then_some(LabelSelector { requirements })
    }
}

/// The requirement that a label has a value.
pub(super) fn equality(key: &str, value: &str) -> Requirement {
    Requirement { key: key.into(), operator: Operator::In, values: vec![value.into()] }
}

/// A mapping from text to text; what is none of it is left out, and refused where the object is checked.
pub(super) fn strings(object: &Value, pointer: &str) -> Labels {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let entries = map.into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn spread(services: &[(&str, Value)], owner: Option<&[(&str, &str)]>) -> Option<Vec<String>> {
        let mut neighbours = Neighbours::default();
        for (namespace, spec) in services {
            neighbours.add_service(namespace, &json!({"spec": spec}));
        }
        let owner = owner.map(|pairs| LabelSelector {
            requirements: pairs.iter().map(|(key, value)| equality(key, value)).collect(),
        });
        let selector = neighbours.default_spread("shop", &labels(&[("app", "web"), ("tier", "front")]), owner.as_ref());
        selector.map(|selector| selector.requirements.iter().map(|r| format!("{}={}", r.key, r.values[0])).collect())
    }

    #[test]
    fn services_that_match_and_the_owner_select_together() {
        let app = ("shop", json!({"selector": {"app": "web"}}));
        let tier = ("shop", json!({"selector": {"tier": "front"}}));
        let owner: Option<&[(&str, &str)]> = Some(&[("app", "web"), ("pod-template-hash", "x")]);
        let check = |found: Option<Vec<String>>, expected: &[&str]| assert_eq!(found.unwrap(), expected);
        check(spread(&[tier.clone(), app.clone()], None), &["app=web", "tier=front"]);
        check(spread(&[tier], owner), &["tier=front", "app=web", "pod-template-hash=x"]);
        check(spread(&[app], owner), &["app=web", "pod-template-hash=x"]);
    }

    #[test]
    fn services_elsewhere_of_others_or_without_selector_select_nothing() {
        let services = [
            ("other", json!({"selector": {"app": "web"}})),
            ("shop", json!({"selector": {"app": "web", "tier": "back"}})),
            ("shop", json!({"ports": [{"port": 80}]})),
            ("shop", json!({"selector": {}})),
        ];
        assert_eq!(spread(&services, None), None);
    }

    #[test]
    fn every_namespace_carries_its_name_as_a_label() {
        let mut neighbours = Neighbours::default();
        neighbours.add_namespace("shop", Some(&json!({"metadata": {"labels": {"team": "a"}}})));
        neighbours.add_namespace("shop", None);
        neighbours.add_namespace("other", None);
        let names = |key: &str, value: &str| {
            let selector = LabelSelector { requirements: vec![equality(key, value)] };
            neighbours.namespaces_with(&selector).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names("team", "a"), ["shop"]);
        assert_eq!(names(NAME_LABEL, "other"), ["other"]);
        assert!(names("team", "b").is_empty());
    }
}
