use jiff::Timestamp;

/// When something may be believed: from the beginning to the end, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

impl Window {
    pub(crate) const ALWAYS: Self = Self { start: None, end: None };

    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.has_begun(time) && self.end.is_none_or(|end| time <= end)
    }

    pub(crate) fn has_begun(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time)
    }
}
