"""Write the oil tanks: `python data/make_tanks.py [FOLDER]`, the same bytes on every machine."""

import argparse
import json
import math
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

SEED = 1997
START = datetime(2024, 4, 15)
DAYS = {"tanks": 120, "test": 40}  # of each file; the second follows the first
STEPS_PER_HOUR = 12  # of the simulation
KELVIN = 273.15
ATMOSPHERE = 101.3  # kPa
SUPPLY_PRESSURE, VENT_PRESSURE = 3.0, 16.0  # kPa above the atmosphere: below, gas is let in; above, let out
REFILL_PRESSURE = 10.0  # kPa above the atmosphere
VALVE = 0.05  # share of the gas that a valve lets through, per kPa and hour
LEAK = 0.0007  # the same of a leak
NOISE = {"pressure": 0.08, "temperature": 0.12}  # standard deviations of the sensors, kPa and °C
LOOSE = 14  # times the noise of a loose contact


@dataclass(frozen=True)
class Tank:
    """One tank of the yard.

    Args:
        name: str.
        oil_temperature: float. °C, at which the thermostat keeps the oil.
        high: float. Level, as a share of the tank, up to which it is filled at night.
        use: float. Share of the tank drawn off in an hour of a working day; a third of it at other times.
        fill: float. Share of the tank filled in an hour.
    """

    name: str
    oil_temperature: float
    high: float
    use: float
    fill: float


TANKS = (
    Tank("T1", 46.0, 0.40, 0.0020, 0.011),
    Tank("T2", 48.0, 0.44, 0.0018, 0.010),
    Tank("T3", 45.0, 0.38, 0.0021, 0.012),
    Tank("T4", 47.0, 0.42, 0.0019, 0.010),
    Tank("T5", 44.0, 0.41, 0.0021, 0.011),
    Tank("T6", 46.5, 0.43, 0.0018, 0.010),
)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a tank from `start`, hours after the first of the test part, for `hours` hours.

    `kind` is `"leak"` (gas escapes), `"dead heater"`, `"stuck pressure"` or `"stuck temperature"` (the sensor repeats
    its last value), `"loose pressure"` or `"loose temperature"` (a bad contact: the sensor is noisy).
    """

    tank: str
    kind: str
    start: int
    hours: int


FAULTS = (
    Fault("T1", "leak", 151, 51),
    Fault("T1", "stuck temperature", 622, 30),
    Fault("T2", "dead heater", 240, 32),
    Fault("T2", "loose temperature", 700, 60),
    Fault("T3", "stuck pressure", 130, 28),
    Fault("T3", "leak", 545, 65),
    Fault("T4", "stuck temperature", 333, 34),
    Fault("T4", "dead heater", 773, 34),
    Fault("T5", "leak", 420, 46),
    Fault("T5", "stuck pressure", 801, 30),
)


def weather(seed: int, hours: int) -> list[tuple[float, float]]:
    """Draw the air temperature, °C, and what the sun adds to the roof, °C, for every hour from `START`."""
    random = Random(f"weather {seed}")
    sky, front, drawn = 0.7, 0.0, []
    for hour in range(hours):
        clock, day = hour % 24, START.timetuple().tm_yday + hour / 24
        if clock == 0:
            sky = min(max(0.7 + 0.6 * (sky - 0.7) + random.gauss(0, 0.15), 0.3), 1.0)  # 0 overcast, 1 clear
        front += -front / 60 + random.gauss(0, 0.25)  # warm and cold air, over some days
        season = 12 + 7 * math.cos(2 * math.pi * (day - 200) / 365)
        daily = (3 + 4 * sky) * math.cos(2 * math.pi * (clock - 15) / 24)
        sun = 12 * sky * max(0.0, math.sin(math.pi * (clock - 6) / 14)) if clock >= 6 else 0.0
        drawn.append((season + front + daily, sun))
    return drawn


def simulate(tank: Tank, seed: int, faults: list[Fault], air: list[tuple[float, float]]):
    """Run one tank through the weather.

    Oil is drawn off and filled in between two levels, the incoming oil is cold, a thermostat heats. The gas above it
    takes its temperature from oil, air and sun; its pressure follows the gas law, between two valves.

    Returns:
        List of dicts, one for each hour of `air`, as measured: `"pressure"`, kPa above the atmosphere, and
        `"temperature"`, °C, of the gas.
    """
    random = Random(f"{tank.name} {seed}")
    level, oil, pressure = tank.high, tank.oil_temperature, REFILL_PRESSURE
    # Of gas: pressure · volume / temperature. It was filled on a warm day; now it is as warm as oil and air make it.
    amount = (ATMOSPHERE + pressure) * (1 - level) / (oil - 10 + KELVIN)
    gas = 0.5 * oil + 0.5 * sum(air[0])
    step, demand, before, measured = 1 / STEPS_PER_HOUR, 1.0, set(), []
    for hour, (outside, sun) in enumerate(air):
        kinds = {fault.kind for fault in faults if fault.start <= hour < fault.start + fault.hours}
        if "leak" in before - kinds:  # mended, and gas let in
            amount *= (ATMOSPHERE + REFILL_PRESSURE) / (ATMOSPHERE + pressure)
        before, now = kinds, START + timedelta(hours=hour)
        if now.hour == 0:
            demand = random.uniform(0.9, 1.1) * (1 if now.weekday() < 5 else 0.8)
        use = tank.use * demand * (1 - 0.7 * math.cos(2 * math.pi * (now.hour - 1) / 24))
        for _ in range(STEPS_PER_HOUR):
            inflow = min(tank.fill, 0.5 * max(0.0, tank.high - level)) if now.hour < 8 else 0.0
            level += step * (inflow - use)
            heat = 0.0 if "dead heater" in kinds else min(max(tank.oil_temperature - oil, 0.0), 1.5)
            oil += step * (heat - (oil - outside) / 80 - inflow / level * (oil - outside - 18))
            gas += step * (0.5 * oil + 0.5 * (outside + sun) - gas) / 1.5
            pressure = amount * (gas + KELVIN) / (1 - level) - ATMOSPHERE
            flow = VALVE * (max(0.0, SUPPLY_PRESSURE - pressure) - max(0.0, pressure - VENT_PRESSURE))
            flow -= LEAK * pressure if "leak" in kinds else 0.0
            amount *= 1 + step * flow
        values = {"pressure": pressure, "temperature": gas}
        measured.append({name: _read(random, name, value, kinds, measured) for name, value in values.items()})
    return measured


def _read(random: Random, name: str, value: float, kinds: set[str], before: list[dict[str, float]]) -> float:
    noise = random.gauss(0, NOISE[name]) * (LOOSE if f"loose {name}" in kinds else 1)
    return before[-1][name] if f"stuck {name}" in kinds else value + noise


def make_parts(seed: int = SEED) -> tuple[dict[str, str], dict[str, list[list[str]]]]:
    """Run all tanks through both parts, the second with `FAULTS`.

    Returns:
        Dict from `"tanks"` and `"test"` to the text of the CSV file, and a dict from the name of every tank to the
        first and last faulty hour of each of its faults in the test part.
    """
    first = 24 * DAYS["tanks"]
    air = weather(seed, first + 24 * DAYS["test"])
    times = [str(START + timedelta(hours=hour)) for hour in range(len(air))]
    lines, windows = [[], []], {}
    for tank in TANKS:
        faults = [replace(fault, start=first + fault.start) for fault in FAULTS if fault.tank == tank.name]
        measured = simulate(tank, seed, faults, air)
        windows[tank.name] = [[times[fault.start], times[fault.start + fault.hours - 1]] for fault in faults]
        for hour, (time, row) in enumerate(zip(times, measured, strict=True)):
            line = f"{time},{tank.name},{row['pressure']:.2f},{row['temperature']:.2f}\n"
            lines[hour >= first].append(line)
    header = "time,tank,pressure,temperature\n"
    return {part: header + "".join(rows) for part, rows in zip(DAYS, lines, strict=True)}, windows


def write_parts(folder: Path) -> None:
    """Write `tanks.csv`, `test.csv` and `faults.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts, windows = make_parts()
    files = {f"{part}.csv": text for part, text in parts.items()}
    files["faults.json"] = json.dumps(windows, indent=1) + "\n"
    for name, text in files.items():
        temporary = folder / f".{name}.{os.getpid()}"
        temporary.write_bytes(text.encode())
        temporary.replace(folder / name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the oil tanks: tanks.csv, test.csv and faults.json.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "tanks", help="where to")
    write_parts(parser.parse_args().folder)
