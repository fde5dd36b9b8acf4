//! What an operation does to every node: a Gantt chart of one seed, node by node over time.

use super::frame::{BOTTOM, Frame, RIGHT, TOP, page};
use super::scale::Scale;
use super::sketch::{Anchor, Sketch, Stroke, text_width};
use super::theme::{ALARM, AXIS, Colour, INK, LABEL, MARGIN, MUTED, PALETTE, SHADE, TICK, WINDOW};
use super::{Picture, footer};
use crate::experiment::ExperimentResult;
use crate::observe::{ActivityRow, Detail, OperationRow, RunResult};
use crate::output::number::seconds;

/// Rows that can still be told apart: the control plane and sixty nodes.
const MOST_ROWS: usize = 61;
/// Left end of the rows: room for names.
const ROWS_LEFT: f64 = MARGIN + 190.0;

/// The window is shown to its end unless it is open for more than so many times as long as the operation takes.
const LONGEST_LOOK: f64 = 3.0;

/// The activity that is no node's.
const CONTROL_PLANE: &str = "control_plane";

/// How an activity is drawn: its name in the file, in the legend, its colour and opacity.
const LOOKS: [(&str, &str, Colour, f64); 11] = [
    (CONTROL_PLANE, "control plane", PALETTE[0], 0.9),
    ("boot", "new boots", PALETTE[1], 0.5),
    ("surge_boot", "extra boots", PALETTE[5], 0.35),
    ("surge", "extra serves", PALETTE[5], 0.8),
    ("cordon", "cordoned", PALETTE[4], 0.3),
    ("drain", "drain", PALETTE[4], 1.0),
    ("held", "held by budget", ALARM, 1.0),
    ("soak", "drained", PALETTE[3], 0.6),
    ("reimage", "reimage", PALETTE[2], 0.9),
    ("deallocate", "deallocate", AXIS, 0.5),
    ("delete", "delete", AXIS, 0.9),
];

/// A node, or the control plane, with its activities.
type Row<'a> = (&'a str, Vec<&'a ActivityRow>);

/// An operation with what it does to nodes.
struct Story<'a> {
    label: String,
    seed: u64,
    operation: &'a OperationRow,
    /// When it ended; if it has not, when the last activity that it began did. What goes on after it is not shown.
    end: f64,
    /// The control plane, where it is upgraded, and nodes in order of their first activity.
    rows: Vec<Row<'a>>,
    /// How many runs of the point end as this one, with or without an operation that does not succeed, of how many.
    alike: (usize, usize),
    /// True when all operations of the run end well.
    ends_well: bool,
}

impl Story<'_> {
    /// True for a run that ends as most runs of its point do.
    const fn is_typical(&self) -> bool {
        2 * self.alike.0 >= self.alike.1
    }

    fn share_words(&self) -> String {
        let how = if self.ends_well { "all of them well" } else { "not all of them well" };
        format!("As here, operations end ({how}) in {} of {} runs of this point.", self.alike.0, self.alike.1)
    }
}

/// The rows that there is room for: all, or evenly chosen ones with the first, which is the control plane's, and the last.
fn shown<T>(rows: &[T]) -> Vec<&T> {
    match rows.len() {
        all if all <= MOST_ROWS => rows.iter().collect(),
        all => (0..MOST_ROWS).map(|row| &rows[row * (all - 1) / (MOST_ROWS - 1)]).collect(),
    }
}

/// How many rows stand for nodes.
fn nodes<'a>(rows: impl IntoIterator<Item = &'a Row<'a>>) -> usize {
    let is_node = |(_, spans): &&Row<'_>| spans.iter().any(|span| span.activity != CONTROL_PLANE);
    rows.into_iter().filter(is_node).count()
}

/// Draws it.
pub(super) fn draw(result: &ExperimentResult) -> Result<Picture, String> {
    let Some(story) = longest(result) else {
        return Err("no operation drained, reimaged or deleted a node".to_owned());
    };
    let title = title(&story);
    let rows = shown(&story.rows);
    let some = match (nodes(rows.iter().copied()), nodes(&story.rows)) {
        (shown, all) if all > shown => format!("{shown} of {all} nodes, evenly chosen"),
        (_, 1) => "1 node".to_owned(),
        (_, all) => format!("{all} nodes"),
    };
    let caption = format!(
        "One run ({}, seed {}): what happens to {some} from the request on. Red is the time in which a disruption budget refuses the \
         eviction of a pod of the node. Other seeds differ; the tables and other charts tell by how much.",
        story.label, story.seed
    );
    let shading = match story.operation.window_closes_s {
        Some(_) => " The shaded part is the maintenance window.",
        None => "",
    };
    let caption = format!("{caption}{shading} {}", story.share_words());
    let mut sketch = Sketch::default();
    let subtitle = format!("{}, seed {}, {some}; {}", story.label, story.seed, held_words(&story));
    page(&mut sketch, &title, &subtitle, &footer(result));
    draw_legend(&mut sketch, &rows);
    draw_rows(&mut sketch, &story, &rows);
    Ok(Picture { title, caption, sketch })
}

/// True when no operation of the run was given up or failed.
fn ends_well(run: &RunResult) -> bool {
    let none = |metric: &str| run.metric(metric).is_none_or(|count| count == 0.0);
    none("operations_failed") && none("operations_canceled")
}

/// The operation with most activities of a kept run: of one that ends as most runs of its point do, where there is one.
fn longest(result: &ExperimentResult) -> Option<Story<'_>> {
    let mut best: Option<Story<'_>> = None;
    for point in &result.points {
        for run in &point.runs {
            let Some(detail) = &run.detail else {
                continue;
            };
            let alike = point.runs.iter().filter(|other| ends_well(other) == ends_well(run)).count();
            let alike = (alike, point.runs.len());
            for operation in detail.operations.iter().filter(|operation| operation.answer == "Accepted") {
                let label = result.study.points[point.point].label();
                let story = Story { ends_well: ends_well(run), ..story(label, run.seed, operation, detail, alike) };
                let count = |story: &Story<'_>| story.rows.iter().map(|(_, spans)| spans.len()).sum::<usize>();
                let rank = |story: &Story<'_>| (count(story) > 0, story.is_typical(), count(story));
                if rank(&story) > best.as_ref().map_or((false, true, 0), rank) {
                    best = Some(story);
                }
            }
        }
    }
    best
}

fn story<'a>(
    label: String,
    seed: u64,
    operation: &'a OperationRow,
    detail: &'a Detail,
    alike: (usize, usize),
) -> Story<'a> {
    let ended = operation.ended_s.unwrap_or(f64::INFINITY);
    let during = |span: &&ActivityRow| span.from_s >= operation.asked_s && span.from_s < ended;
    let mut rows: Vec<(&str, Vec<&ActivityRow>)> = Vec::new();
    let mut last = operation.asked_s;
    for span in detail.activities.iter().filter(during) {
        last = last.max(span.to_s);
        match rows.iter_mut().find(|(node, _)| *node == span.node) {
            Some((_, spans)) => spans.push(span),
            None => rows.push((&span.node, vec![span])),
        }
    }
    Story { label, seed, operation, end: operation.ended_s.unwrap_or(last), rows, alike, ends_well: true }
}

fn title(story: &Story<'_>) -> String {
    let OperationRow { operation, asked_s, ended_s, outcome, code, .. } = story.operation;
    let took = |end: f64| seconds(end - asked_s);
    let what = match (outcome.as_str(), ended_s) {
        ("Succeeded", Some(end)) => format!("“{operation}” takes {}", took(*end)),
        (_, Some(end)) => format!("“{operation}” ends after {}: {code}", took(*end)),
        (_, None) => format!("“{operation}” has not ended after {}", took(story.end)),
    };
    match (story.operation.window_closes_s, ended_s) {
        (Some(closes), Some(end)) if *end > closes => {
            format!("{what}, {} of them after its window", seconds(end - closes))
        }
        (Some(closes), Some(end)) if outcome == "Succeeded" => {
            format!("{what}, {} before its window closes", seconds(closes - end))
        }
        _ => what,
    }
}

/// For how long budgets hold the drains, all nodes together.
fn held_words(story: &Story<'_>) -> String {
    let spans = story.rows.iter().flat_map(|(_, spans)| spans);
    let held: f64 =
        spans.filter(|span| span.activity == "held").map(|span| span.to_s.min(story.end) - span.from_s).sum();
    if held > 0.0 {
        format!("budgets hold its drains for {} in all", seconds(held))
    } else {
        "no budget holds a drain".to_owned()
    }
}

fn draw_legend(sketch: &mut Sketch, rows: &[&Row<'_>]) {
    let mut left = MARGIN;
    let is_there = |activity: &str| rows.iter().any(|(_, spans)| spans.iter().any(|span| span.activity == activity));
    for (_, words, colour, opacity) in LOOKS.into_iter().filter(|(activity, ..)| is_there(activity)) {
        sketch.rectangle((left, 140.0), (left + 26.0, 160.0), colour, opacity);
        sketch.text((left + 36.0, 157.0), Anchor::Start, LABEL, INK, words);
        left += 36.0 + text_width(words, LABEL, false) + 24.0;
    }
}

fn draw_rows(sketch: &mut Sketch, story: &Story<'_>, rows: &[&Row<'_>]) {
    let asked = story.operation.asked_s;
    let closes = story.operation.window_closes_s;
    // A window that goes on and on is not shown to its end.
    let longest = asked + LONGEST_LOOK * (story.end - asked);
    let end = closes.filter(|closes| *closes <= longest).map_or(story.end, |closes| closes.max(story.end));
    let (unit, name) = if end - asked > 3.0 * 3600.0 { (3600.0, "hours") } else { (60.0, "minutes") };
    let x = Scale::from_zero((end - asked) / unit, 10, false);
    let y = Scale { from: 0.0, to: rows.len() as f64, logarithmic: false, ticks: Vec::new() };
    let top = TOP - 24.0;
    let frame = Frame { left: ROWS_LEFT, top, right: RIGHT, bottom: BOTTOM, x, y };
    let height = (BOTTOM - top) / rows.len() as f64;
    let every = ((TICK * 1.1) / height).ceil().max(1.0) as usize;
    if let Some(closes) = closes {
        let (line, _) = frame.at((closes - asked) / unit, 0.0);
        sketch.rectangle((ROWS_LEFT, top), (line.min(RIGHT), BOTTOM), WINDOW, 1.0);
    }
    for (index, (node, spans)) in rows.iter().enumerate() {
        let place = top + index as f64 * height;
        if index % 2 == 1 {
            sketch.rectangle((ROWS_LEFT, place), (RIGHT, place + height), SHADE, 0.6);
        }
        if index.is_multiple_of(every) {
            let base = place + height / 2.0 + TICK * 0.36;
            sketch.text((ROWS_LEFT - 12.0, base), Anchor::End, TICK, MUTED, short_name(node));
        }
        for (activity, _, colour, opacity) in LOOKS {
            for span in spans.iter().filter(|span| span.activity == activity) {
                let at = |second: f64| frame.at((second - asked) / unit, 0.0).0;
                // What holds a drain lies upon it, so it is narrower.
                let (above, below) = if activity == "held" { (0.3, 0.7) } else { (0.12, 0.88) };
                let left = at(span.from_s);
                let right = at(span.to_s.min(story.end)).max(left + 1.5);
                sketch.rectangle((left, place + above * height), (right, place + below * height), colour, opacity);
            }
        }
    }
    if let Some(closes) = closes.filter(|closes| *closes <= end) {
        let (line, _) = frame.at((closes - asked) / unit, 0.0);
        sketch.line(&[(line, top), (line, BOTTOM)], Stroke::solid(ALARM, 2.5));
        let (at, anchor) =
            if line > (ROWS_LEFT + RIGHT) / 2.0 { (line - 10.0, Anchor::End) } else { (line + 10.0, Anchor::Start) };
        sketch.text_on_paper((at, top + 0.4 * (BOTTOM - top)), anchor, TICK, ALARM, "the window closes");
    }
    frame.draw_x_axis(sketch, &format!("{name} since the request"));
}

/// `apps 00001a` of `aks-apps-12345678-vmss00001a`; any other name as it is.
fn short_name(node: &str) -> String {
    let parts = node.strip_prefix("aks-").and_then(|rest| {
        let (pool, rest) = rest.split_once('-')?;
        let (_, instance) = rest.split_once("-vmss")?;
        Some(format!("{pool} {instance}"))
    });
    parts.unwrap_or_else(|| node.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_its_pool_and_instance() {
        assert_eq!(short_name("aks-apps-12345678-vmss00001a"), "apps 00001a");
        assert_eq!(short_name("openb-node-0001"), "openb-node-0001");
    }

    #[test]
    fn of_many_rows_the_first_the_last_and_some_between_are_shown() {
        let rows: Vec<usize> = (0..994).collect();
        let few = shown(&rows);
        assert_eq!((few.len(), *few[0], *few[MOST_ROWS - 1]), (MOST_ROWS, 0, 993));
        assert!(few.windows(2).all(|pair| (16..=17).contains(&(pair[1] - pair[0]))), "{few:?}");
        assert_eq!(shown(&rows[..MOST_ROWS]).len(), MOST_ROWS);
    }

    #[test]
    fn an_operation_counts_its_nodes_and_ends_when_it_ends() {
        let mut result = crate::output::sample::two_variants(1);
        let detail = result.points.iter_mut().flat_map(|point| &mut point.runs).find_map(|run| run.detail.as_mut());
        let detail = detail.expect("a run has a detail");
        let (asked_s, ended_s) = (detail.operations[0].asked_s, detail.operations[0].ended_s);
        let node = detail.activities[0].clone();
        let control_plane = ActivityRow { node: "control plane".to_owned(), from_s: asked_s, ..node.clone() };
        detail.activities.push(ActivityRow { activity: CONTROL_PLANE.to_owned(), ..control_plane });
        // The new node goes on serving long after the upgrade.
        let to_s = ended_s.unwrap() + 36_000.0;
        detail.activities.push(ActivityRow { activity: "surge".to_owned(), to_s, ..node });
        let story = longest(&result).unwrap();
        assert_eq!((story.rows.len(), nodes(&story.rows)), (2, 1));
        assert_eq!(Some(story.end), ended_s);
    }
}
