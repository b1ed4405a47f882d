#!/usr/bin/env python3
"""Compares what each room includes with the rooms that src/CMakeLists.txt links it with; sees that no two need each other.

  rooms.py SOURCE    SOURCE: vbq's root folder

A room (a folder of src/) may include headers of the rooms that its vbq_room() names: in its sources PUBLIC and PRIVATE
ones, in its headers PUBLIC ones alone. A third-party library's headers are included in one room only. include/vbq includes
nothing but itself and the standard library.
"""
import pathlib
import re
import sys

# Headers of libraries, by what their names begin with; fmt is every room's.
LIBRARIES = {
    "CLI": r"CLI/", "toml++": r"toml\+\+/", "HDF5": r"hdf5", "MPI": r"mpi\.h", "Boost.Serialization": r"boost/(archive|serialization)", "Boost.Math": r"boost/math", "oneDNN": r"oneapi/|dnnl",
    "OpenMP": r"omp\.h", "CUDA": r"cuda", "cuDNN": r"cudnn", "Eigen": r"Eigen/", "ONNX": r"onnx/", "Protobuf": r"google/",
    "zlib": r"zlib\.h", "zstd": r"zstd", "JPEG": r"jpeglib|jerror", "PNG": r"png\.h", "spdlog": r"spdlog/", "xxHash": r"xxhash",
    "Random123": r"Random123/", "nlohmann-json": r"nlohmann/",
}
INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')


def declared(source):
    """{folder: (public folders, private folders)}, as vbq_room() names them."""
    text = re.sub(r"#.*", "", (source / "src" / "CMakeLists.txt").read_text())
    text = text.replace("${engine_cuda}", "engine_cuda")
    folders, links = {}, {}
    for words in (call.split() for call in re.findall(r"vbq_room\(([^)]*)\)", text)):
        name, key = words[0], None
        lists = {"FOLDER": [], "PUBLIC": [], "PRIVATE": [], "LIBRARIES": []}
        for word in words[1:]:
            if word in lists:
                key = word
            else:
                lists[key].append(word)
        folders[name] = lists["FOLDER"][0] if lists["FOLDER"] else name
        links[name] = lists["PUBLIC"], lists["PRIVATE"]
    return {folders[name]: tuple({folders[room] for room in rooms} for rooms in pair) for name, pair in links.items()}


def circle(rooms):
    """A room that needs itself, by way of others; None when there is none."""
    for start in rooms:
        seen, ahead = set(), [start]
        while ahead:
            for room in set().union(*rooms[ahead.pop()]) - seen:
                seen.add(room)
                ahead.append(room)
        if start in seen:
            return start
    return None


def main():
    source = pathlib.Path(sys.argv[1])
    rooms, faults, users, files = declared(source), [], {}, 0
    if circle(rooms):
        faults.append(f"src/CMakeLists.txt: room {circle(rooms)} needs itself, by way of others")
    for path in sorted([*(source / "src").rglob("*"), *(source / "include").rglob("*")]):
        if path.suffix not in (".hpp", ".cpp", ".cu", ".cuh"):
            continue
        files += 1
        room = str(path.parent.relative_to(source / "src")) if source / "src" in path.parents else "vbq"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            place = f"{path.relative_to(source)}:{number}: "
            own, name = found[1] == '"', found[2]
            other = name.rpartition("/")[0]
            if not own:
                for library, begins in LIBRARIES.items():
                    if re.match(begins, name):
                        users.setdefault(library, {}).setdefault(room, place)
            elif other in (room, "vbq") or (room not in rooms and room != "vbq"):  # a program's own folder may use all
                continue
            elif room == "vbq":
                faults.append(f"{place}a public header includes {name}, which is not public")
            elif other not in rooms[room][0] | rooms[room][1]:
                faults.append(f"{place}room {room} includes {name}: its vbq_room() does not name {other}")
            elif path.suffix in (".hpp", ".cuh") and other not in rooms[room][0]:
                faults.append(f"{place}a header of room {room} includes {name}: its vbq_room() names {other} as PRIVATE")
    for library, by in users.items():
        by = {room: place for room, place in by.items() if not any(room.startswith(other + "/") for other in by)}
        if len(by) > 1:  # a room within another's folder counts as that one
            faults.append(f"{library} is included in rooms {', '.join(sorted(by))}: {', '.join(by.values())}")
    print("\n".join(faults) or f"rooms.py: {files} files of {len(rooms)} rooms include what their rooms name")
    sys.exit(1 if faults or not rooms or not files else 0)


if __name__ == "__main__":
    main()
