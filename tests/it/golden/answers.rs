//! What a real kube-scheduler answered for a cluster and a pod, compared with what the plugins here say.

use super::agreement::Agreement;
use super::json::{entries, list, text};
use super::objects_v1::scene;
use aksim::cluster::NodeInfo;
use aksim::placement::filter::Filters;
use aksim::placement::{Cycle, Rejection, reference, score};
use serde_json::Value;

/// The minor version of the scheduler that answered.
const MINOR: u32 = 34;

/// Code, plugin and reasons of a verdict on a node.
type Verdict = (String, Option<String>, Vec<String>);

/// Compares one case: verdicts, sentence, scores, totals and the choice.
pub fn compare(case: &Value, agreement: &mut Agreement) {
    let (id, before) = (text(&case["id"]), agreement.failures.len());
    match scene(case, MINOR) {
        Ok(scene) => scene.look(MINOR, |cycle| {
            verdicts(cycle, id, &case["answer"], agreement);
            decision(cycle, id, &case["answer"], agreement);
            scores(cycle, id, &case["answer"], agreement);
        }),
        Err(fault) => agreement.failures.push(format!("{id}: {fault}")),
    }
    let agrees = agreement.failures.len() == before;
    agreement.answered_case(agrees);
}

fn verdicts(cycle: &Cycle<'_>, id: &str, answer: &Value, agreement: &mut Agreement) {
    let filters = Filters::prepare(cycle);
    for node in cycle.nodes {
        let found = match &filters {
            Ok(filters) => filters.filter(node).map_err(|rejection| rejected(&rejection)),
            Err(rejection) => Err(rejected(rejection)),
        };
        let found = found.err().unwrap_or_else(|| ("Success".to_owned(), None, Vec::new()));
        let written = &answer["nodes"][&*node.name];
        let expected = (
            text(&written["filter"]).to_owned(),
            written["plugin"].as_str().map(str::to_owned),
            list(&written["reasons"]).iter().map(|reason| text(reason).to_owned()).collect(),
        );
        let at = format!("{id} {}", node.name);
        let agrees = agreement.answer("verdicts", &at, &found, &expected);
        if let Some(plugin) = &expected.1 {
            agreement.rejection(plugin, agrees);
        }
    }
}

fn rejected(rejection: &Rejection<'_>) -> Verdict {
    let reasons = rejection.reasons.iter().map(ToString::to_string).collect();
    (rejection.code.name().to_owned(), Some(rejection.plugin.to_owned()), reasons)
}

/// The sentence when nothing fits, otherwise the nodes of which one is drawn.
fn decision(cycle: &Cycle<'_>, id: &str, answer: &Value, agreement: &mut Agreement) {
    let outcome = reference::decide(cycle, 0, &[]).outcome;
    if let Some(message) = answer["message"].as_str() {
        let found = outcome.map_or_else(|why| why.message, |_| "a node fits".to_owned());
        agreement.answer("sentences", id, &found, &message.to_owned());
        return;
    }
    let best = entries(&answer["nodes"]).filter_map(|(_, node)| node["total"].as_i64()).max();
    let with_best = |node: &NodeInfo| answer["nodes"][&*node.name]["total"].as_i64() == best;
    let expected: Vec<&str> = cycle.nodes.iter().filter(|node| with_best(node)).map(|node| &*node.name).collect();
    let found = outcome.map(|tied| tied.into_iter().map(|position| &*cycle.nodes[position].name).collect::<Vec<_>>());
    agreement.answer("choices", id, &found.map_err(|why| why.message), &Ok(expected));
}

/// The scores of the nodes that the answer calls feasible. A plugin that the answer leaves out was skipped.
fn scores(cycle: &Cycle<'_>, id: &str, answer: &Value, agreement: &mut Agreement) {
    let is_feasible = |node: &NodeInfo| answer["nodes"][&*node.name]["filter"] == "Success";
    let feasible: Vec<&NodeInfo> = cycle.nodes.iter().copied().filter(|node| is_feasible(node)).collect();
    let (by_plugin, totals) = (score::score_by_plugin(cycle, &feasible), score::score(cycle, &feasible));
    for (index, node) in feasible.iter().enumerate() {
        let at = format!("{id} {}", node.name);
        let written = &answer["nodes"][&*node.name];
        for plugin in &by_plugin {
            let found = plugin.scores.get(index).map(|score| plugin.weight * score);
            agreement.score(plugin.plugin, &at, found, written["scores"][plugin.plugin].as_i64());
        }
        for (name, _) in entries(&written["scores"]) {
            if by_plugin.iter().all(|plugin| plugin.plugin != name) {
                agreement.failures.push(format!("{at}: {name} is no plugin here"));
            }
        }
        agreement.answer("totals", &at, &Some(totals[index]), &written["total"].as_i64());
    }
}
