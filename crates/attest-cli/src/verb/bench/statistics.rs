//! What several turns say together: quartiles, ratios, and whether they say anything.

use serde::{Deserialize, Serialize};

/// The middle half of the turns has to lie within this part of their median, else they are called noisy.
pub(super) const QUIET: f64 = 0.10;

/// How a figure spreads over the turns, by its quartiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    pub(super) minimum: f64,
    pub(super) first_quartile: f64,
    pub(super) median: f64,
    pub(super) third_quartile: f64,
    pub(super) maximum: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(super) fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            minimum: *sorted.first()?,
            first_quartile: quantile(&sorted, 0.25)?,
            median: quantile(&sorted, 0.5)?,
            third_quartile: quantile(&sorted, 0.75)?,
            maximum: *sorted.last()?,
        })
    }

    /// How wide the middle half is, as a part of the median.
    pub(super) fn relative_width(&self) -> f64 {
        match self.median > 0.0 {
            true => (self.third_quartile - self.first_quartile) / self.median,
            false => 0.0,
        }
    }

    pub(super) fn is_noisy(&self) -> bool {
        self.relative_width() > QUIET
    }
}

/// Between two neighbours of the sorted figures, linearly.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * (sorted.len().checked_sub(1)? as f64);
    let below = sorted.get(place.floor() as usize)?;
    let above = sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// How many times as fast as another, of turns that were taken in the same rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Ratio {
    /// Of the medians.
    pub(super) of_medians: f64,
    /// Of the shortest turns.
    pub(super) of_bests: f64,
    /// The quartiles of the ratios within each round.
    pub(super) first_quartile: f64,
    pub(super) third_quartile: f64,
}

impl Ratio {
    /// `ours` and `theirs`: the elapsed times by round, in the order of the rounds.
    pub(super) fn of(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        let (our, their) = (Spread::of(ours)?, Spread::of(theirs)?);
        let rounds: Vec<f64> = ours
            .iter()
            .zip(theirs)
            .map(|(ours, theirs)| divided(*theirs, *ours))
            .collect();
        let rounds = Spread::of(&rounds)?;
        Some(Self {
            of_medians: divided(their.median, our.median),
            of_bests: divided(their.minimum, our.minimum),
            first_quartile: rounds.first_quartile,
            third_quartile: rounds.third_quartile,
        })
    }
}

/// A clock that did not move says nothing; JSON has no infinity.
fn divided(by: f64, of: f64) -> f64 {
    if of > 0.0 { by / of } else { 0.0 }
}

/// What is to be said about a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// Reached.
    Met,
    /// Not reached.
    Missed,
    /// The turns spread too far, and the target lies within their spread.
    Unclear,
}

impl Verdict {
    /// Whether `ratio` reaches `target`, given whether the turns it comes from were noisy.
    pub(super) fn on(ratio: &Ratio, target: f64, noisy: bool) -> Self {
        let within = (ratio.first_quartile..=ratio.third_quartile).contains(&target);
        match ratio.of_medians >= target {
            _ if noisy && within => Self::Unclear,
            true => Self::Met,
            false => Self::Missed,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Unclear => "unclear",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_figures() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.minimum, spread.maximum), (1.0, 4.0));
        assert_eq!(
            (spread.first_quartile, spread.median, spread.third_quartile),
            (1.75, 2.5, 3.25)
        );
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[7.0]).unwrap().relative_width(), 0.0);
    }

    #[test]
    fn a_ratio_is_of_theirs_to_ours() {
        let ratio = Ratio::of(&[1.0, 2.0, 1.0], &[2.0, 4.0, 3.0]).unwrap();
        assert_eq!(ratio.of_medians, 3.0);
        assert_eq!(ratio.of_bests, 2.0);
        assert_eq!((ratio.first_quartile, ratio.third_quartile), (2.0, 2.5));
    }

    #[test]
    fn a_clock_that_did_not_move_gives_no_infinity() {
        assert_eq!(Ratio::of(&[0.0], &[1.0]).unwrap().of_medians, 0.0);
    }

    #[test]
    fn noise_makes_unclear_only_what_lies_within_it() {
        let ratio = Ratio {
            of_medians: 1.95,
            of_bests: 2.0,
            first_quartile: 1.7,
            third_quartile: 2.2,
        };
        assert_eq!(Verdict::on(&ratio, 1.9, false), Verdict::Met);
        assert_eq!(Verdict::on(&ratio, 1.9, true), Verdict::Unclear);
        assert_eq!(Verdict::on(&ratio, 1.5, true), Verdict::Met);
        assert_eq!(Verdict::on(&ratio, 2.0, false), Verdict::Missed);
        assert_eq!(Verdict::on(&ratio, 2.5, true), Verdict::Missed);
    }
}
