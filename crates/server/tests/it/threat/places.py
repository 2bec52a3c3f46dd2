"""Makes places.mmdb, the map of addresses that tests use: pip install mmdb-writer, then python places.py."""

import pathlib

import netaddr
from mmdb_writer import MMDBWriter

PLACES = {
    "203.0.113.0/24": ("London", "United Kingdom", "GB", 51.5074, -0.1278, "Europe/London"),
    "198.51.100.0/24": ("Sydney", "Australia", "AU", -33.8688, 151.2093, "Australia/Sydney"),
    "2001:db8::/32": ("Paris", "France", "FR", 48.8566, 2.3522, "Europe/Paris"),
}

writer = MMDBWriter(
    ip_version=6,
    ipv4_compatible=True,
    database_type="GeoIP2-City-Test",
    languages=["en"],
    description="Documentation addresses in three cities",
    float_type="f64",
)
for network, (city, country, code, latitude, longitude, zone) in PLACES.items():
    writer.insert_network(
        netaddr.IPSet([network]),
        {
            "city": {"names": {"en": city}},
            "country": {"iso_code": code, "names": {"en": country}},
            "location": {"latitude": latitude, "longitude": longitude, "time_zone": zone},
        },
    )
writer.to_db_file(str(pathlib.Path(__file__).with_name("places.mmdb")))
