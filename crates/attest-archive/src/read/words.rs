use std::collections::HashMap;
use std::sync::Arc;

/// Every name once, and its number: a path is looked up without a copy of its names.
#[derive(Debug, Default)]
pub(super) struct Words(HashMap<Arc<str>, usize>);

impl Words {
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// The number of a name, which is given one if it has none.
    pub(super) fn take(&mut self, name: &str) -> (usize, Arc<str>) {
        if let Some((name, number)) = self.0.get_key_value(name) {
            return (*number, name.clone());
        }
        let (number, name) = (self.0.len(), Arc::<str>::from(name));
        self.0.insert(name.clone(), number);
        (number, name)
    }
}
