//! What modules keep in memory beside the database: one value of each type for each store.
//!
//! - A value on the shelf is a copy or a setting; what must not be lost is a row.
//! - It belongs to the store, so two stores in one process know nothing of each other.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The values, by their types.
#[derive(Default)]
pub struct Shelf(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Shelf {
    /// The value of this type; its default the first time.
    pub fn of<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = values.get(&TypeId::of::<T>()).cloned();
        known.and_then(|value| value.downcast().ok()).unwrap_or_else(|| {
            let fresh = Arc::new(T::default());
            values.insert(TypeId::of::<T>(), Arc::<T>::clone(&fresh));
            fresh
        })
    }
}
