//! A run as a picture: bars a scenario, longer is faster.

use super::record::{Cache, Entrant, Role, Run, Scenario};
use super::svg::{self, Shape};
use super::text::{files, memory, memory_or_unknown, rate, seconds, threads};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
/// Where the bars begin; names end before it.
const BASE: f64 = 250.0;
/// The longest bar; words follow it.
const LONGEST: f64 = 370.0;
const BAR: f64 = 18.0;
const ROW: f64 = 26.0;
/// From the baseline of a scenario's title to its first bar.
const HEAD: f64 = 30.0;
const GAP: f64 = 26.0;

/// The picture of a run, as SVG.
pub(super) fn draw(run: &Run) -> String {
    let mut drawing = Drawing {
        shapes: Vec::new(),
        y: 46.0,
    };
    drawing.heading(run);
    for scenario in &run.scenarios {
        drawing.scenario(scenario);
    }
    drawing.legend();
    let height = drawing.y + MARGIN;
    let description = format!(
        "Measured on {}, {} cores. {}",
        run.machine.processor,
        run.machine.cores,
        run.scenarios.iter().map(described).collect::<Vec<_>>().join(" ")
    );
    svg::document(WIDTH, height, "attest bench", &description, &drawing.shapes)
}

/// A scenario in a sentence.
fn described(scenario: &Scenario) -> String {
    let entrants: Vec<String> = scenario
        .entrants
        .iter()
        .map(|entrant| format!("{} {}", entrant.name, rate(entrant, scenario.unit)))
        .collect();
    format!("{}: {}.", scenario.title, entrants.join(", "))
}

struct Drawing {
    shapes: Vec<Shape>,
    /// The baseline of the next line.
    y: f64,
}

impl Drawing {
    fn heading(&mut self, run: &Run) {
        self.words("title", MARGIN, "attest bench");
        self.y += 22.0;
        let machine = &run.machine;
        let line = format!(
            "{}, {} cores · {} · {}, {} · medians of {} turns, taken in rotation",
            machine.processor,
            machine.cores,
            machine.platform,
            machine.system,
            machine.file_system,
            run.settings.rounds
        );
        self.words("muted", MARGIN, &line);
        self.y += 20.0;
        let versions: Vec<&str> = run
            .programs
            .iter()
            .filter(|program| program.name != "find" && program.name != "xargs")
            .map(|program| program.version.split(" (").next().unwrap_or_default())
            .collect();
        self.words("muted", MARGIN, &format!("attest {}", versions.join(" · ")));
        self.y += 16.0;
    }

    fn scenario(&mut self, scenario: &Scenario) {
        self.y += GAP;
        self.words("scenario", MARGIN, &scenario.title);
        let about = about(scenario);
        self.ending("muted", WIDTH - MARGIN, &about);
        self.y += HEAD;
        let top = self.y - BAR;
        match &scenario.memory {
            Some(_) => self.memory(scenario),
            None => self.rates(scenario),
        }
        self.shapes.push(Shape::Line {
            class: "base",
            from: (BASE, top),
            to: (BASE, self.y - ROW + 4.0),
        });
    }

    fn rates(&mut self, scenario: &Scenario) {
        let fastest = scenario.entrants.iter().map(speed).fold(0.0, f64::max);
        for entrant in &scenario.entrants {
            let part = |time: f64| {
                if time > 0.0 && fastest > 0.0 {
                    1.0 / time / fastest
                } else {
                    0.0
                }
            };
            let end = self.bar(entrant, part(entrant.elapsed.median));
            // The spread may reach beyond the fastest median.
            let [slow, fast] = [entrant.elapsed.third_quartile, entrant.elapsed.first_quartile]
                .map(|time| BASE + LONGEST * part(time).min(1.05));
            if fast - slow > 1.0 {
                let middle = self.y - BAR / 2.0 + 4.0;
                self.shapes.push(Shape::Line {
                    class: "spread",
                    from: (slow, middle),
                    to: (fast, middle),
                });
            }
            let words = beside(scenario, entrant);
            self.value(end.max(fast), &rate(entrant, scenario.unit), &words);
            self.y += ROW;
        }
    }

    /// What it took, in what it may take.
    fn memory(&mut self, scenario: &Scenario) {
        let (Some(entrant), Some(found)) = (scenario.entrants.first(), scenario.memory) else {
            return;
        };
        let part = found.found.unwrap_or(0) as f64 / found.target.max(1) as f64;
        self.bar(entrant, part.min(1.0));
        self.shapes.push(Shape::Bar {
            class: "limit",
            x: BASE,
            y: self.y - BAR + 4.0,
            width: LONGEST,
            height: BAR,
        });
        let words = format!("of at most {} ({})", memory(found.target), found.verdict.name());
        self.value(BASE + LONGEST, &memory_or_unknown(found.found), &words);
        self.y += ROW;
    }

    /// The name and the bar; where it ends.
    fn bar(&mut self, entrant: &Entrant, part: f64) -> f64 {
        let (class, name) = match entrant.role {
            Role::Ours => ("ours", "strong"),
            Role::Peer => ("peer", ""),
            Role::Limit => ("limit", "muted"),
        };
        self.ending(name, BASE - 12.0, &entrant.name);
        let width = (LONGEST * part).max(1.0);
        self.shapes.push(Shape::Bar {
            class,
            x: BASE,
            y: self.y - BAR + 4.0,
            width,
            height: BAR,
        });
        BASE + width
    }

    fn value(&mut self, end: f64, value: &str, words: &str) {
        self.words("strong", end + 10.0, value);
        // Numbers are about this wide; what follows them stands in a column of its own where there is room.
        let behind = end + 10.0 + 7.6 * value.chars().count() as f64 + 10.0;
        self.words("muted", behind, words);
    }

    fn legend(&mut self) {
        self.y += 14.0;
        let parts = [
            ("ours", "attest"),
            ("peer", "another program"),
            ("limit", "in memory: the limit"),
        ];
        let mut x = MARGIN;
        for (class, words) in parts {
            self.shapes.push(Shape::Bar {
                class,
                x,
                y: self.y - 10.0,
                width: 22.0,
                height: 11.0,
            });
            self.words("muted", x + 30.0, words);
            x += 66.0 + 6.6 * words.chars().count() as f64;
        }
        self.shapes.push(Shape::Line {
            class: "spread",
            from: (x, self.y - 4.0),
            to: (x + 22.0, self.y - 4.0),
        });
        self.words("muted", x + 30.0, "the middle half of the turns");
    }

    fn words(&mut self, class: &'static str, x: f64, words: &str) {
        self.text(class, x, false, words);
    }

    fn ending(&mut self, class: &'static str, x: f64, words: &str) {
        self.text(class, x, true, words);
    }

    fn text(&mut self, class: &'static str, x: f64, ends: bool, words: &str) {
        self.shapes.push(Shape::Text {
            class,
            x,
            y: self.y,
            ends,
            words: words.to_owned(),
        });
    }
}

/// Turns in a second.
fn speed(entrant: &Entrant) -> f64 {
    if entrant.elapsed.median > 0.0 {
        1.0 / entrant.elapsed.median
    } else {
        0.0
    }
}

fn about(scenario: &Scenario) -> String {
    let mut parts = Vec::new();
    if scenario.input.files > 0 {
        parts.push(format!(
            "{}, {}",
            files(scenario.input.files),
            memory(scenario.input.bytes)
        ));
    }
    parts.push(match scenario.cache {
        Cache::Warm => "page cache".to_owned(),
        Cache::Cold => "storage".to_owned(),
        Cache::Memory => "memory".to_owned(),
    });
    parts.push(threads(scenario.threads));
    if let Some(occupancy) = scenario.occupancy {
        parts.push(format!("lanes {:.0} % filled", occupancy * 100.0));
    }
    parts.join(" · ")
}

/// How ours compares with it, or how long ours took.
fn beside(scenario: &Scenario, entrant: &Entrant) -> String {
    match scenario
        .comparisons
        .iter()
        .find(|comparison| comparison.with == entrant.name)
    {
        Some(comparison) => {
            let noisy = if comparison.noisy { ", noisy" } else { "" };
            format!("ours is {:.2} × as fast{noisy}", comparison.ratio.of_medians)
        }
        None => seconds(entrant.elapsed.median),
    }
}
