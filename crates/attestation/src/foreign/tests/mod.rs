mod conversion;
mod material;
mod reading;
mod recognition;
