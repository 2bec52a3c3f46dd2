//! Where an address is, as a map of the internet (MaxMind's .mmdb format) tells it, and how fast one would have had to
//! travel.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, geoip2};
use serde::{Deserialize, Serialize};

/// Radius of the Earth in kilometres.
const EARTH_KM: f64 = 6371.0;

/// Where an address is, as far as the map knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of the IANA database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Latitude and longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<(f64, f64)>,
}

/// A map of addresses.
pub struct Places(Reader<Vec<u8>>);

impl Places {
    /// Reads a .mmdb file into memory.
    ///
    /// # Errors
    /// It cannot be read or is none, in words.
    pub fn open(path: &Path) -> Result<Self, String> {
        Reader::open_readfile(path).map(Self).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Where the address is. What the map does not know, or cannot say, is an unknown place.
    pub fn of(&self, address: IpAddr) -> Place {
        let found = self.0.lookup(address).and_then(|found| found.decode::<geoip2::City<'_>>());
        let Ok(Some(found)) = found else { return Place::default() };
        Place {
            city: found.city.names.english.map(str::to_owned),
            country: found.country.names.english.or(found.country.iso_code).map(str::to_owned),
            timezone: found.location.time_zone.map(str::to_owned),
            at: found
                .location
                .latitude
                .zip(found.location.longitude)
                .filter(|(lat, lon)| lat.is_finite() && lon.is_finite()),
        }
    }
}

/// The great-circle distance in kilometres between two points in degrees.
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let ((lat1, lon1), (lat2, lon2)) = (radians(from), radians(to));
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let a = half(lat2 - lat1) + lat1.cos() * lat2.cos() * half(lon2 - lon1);
    2.0 * EARTH_KM * a.clamp(0.0, 1.0).sqrt().asin()
}

fn radians((latitude, longitude): (f64, f64)) -> (f64, f64) {
    (latitude.to_radians(), longitude.to_radians())
}

#[cfg(test)]
mod tests {
    use super::distance_km;

    #[test]
    fn distances_are_those_of_the_globe() {
        let (london, new_york) = ((51.5074, -0.1278), (40.7128, -74.0060));
        assert!((distance_km(london, new_york) - 5570.0).abs() < 20.0);
        assert!(distance_km(london, london) < 0.001);
        assert!((distance_km((0.0, 179.9), (0.0, -179.9)) - 22.2).abs() < 1.0);
    }
}
