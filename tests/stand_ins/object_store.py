"""An object store behind `s3://`, in a folder on this machine, for several processes.

As in a store, an object is there whole or not at all, nothing is renamed, there are no folders but in names, and a list
comes in any order. Like other file systems of fsspec this one keeps lists, and does not see what others have put since.

Environment: OBJECT_STORE, the folder: it has a folder for each bucket, in which each object is a file whose name is the
key, quoted. OBJECT_STORE_FAILS, a file: while it is there nothing is reached. OBJECT_STORE_LIVES, how many requests are
answered by this process, and none behind them. OBJECT_STORE_LOG, a file: has a line for each request.
"""

import hashlib
import itertools
import os
import random
import secrets
import shutil
from glob import has_magic
from pathlib import Path
from urllib.parse import quote, unquote

from fsspec import AbstractFileSystem

requests = itertools.count(1)


class ObjectStore(AbstractFileSystem):
    protocol = ("s3", "s3a")
    cachable = False

    def __init__(self, **options):
        super().__init__(**options)
        self._lists = {}

    def _place(self, path, verb):
        """The file of an object."""
        path = self._strip_protocol(path)
        number, lives = next(requests), int(os.environ.get("OBJECT_STORE_LIVES", 10**9))
        if log := os.environ.get("OBJECT_STORE_LOG"):
            with open(log, "a") as file:
                file.write(f"{verb} {path}\n")
        if number > lives or Path(os.environ.get("OBJECT_STORE_FAILS", "/none")).exists():
            raise ConnectionError("Could not connect to the endpoint URL")
        bucket, _, key = path.partition("/")
        folder = Path(os.environ["OBJECT_STORE"], bucket)
        if bucket == "forbidden":
            raise PermissionError("Access Denied")
        if not folder.is_dir():
            raise FileNotFoundError(f"The specified bucket does not exist: {bucket}")
        return folder / quote(key, safe="") if key else folder

    def ls(self, path, detail=True, refresh=False, **options):
        path = self._strip_protocol(path).rstrip("/")
        if path not in self._lists or refresh:
            self._lists[path] = self._listed(path)
        found = self._lists[path]
        return found if detail else [each["name"] for each in found]

    def _listed(self, path):
        bucket, _, prefix = path.partition("/")
        folder = self._place(bucket, "LIST")
        found, prefix = {}, f"{prefix}/" if prefix else ""
        for file in folder.iterdir():
            key = unquote(file.name)
            if file.name.startswith(".") or not key.startswith(prefix):
                continue
            name, stroke, _ = key[len(prefix) :].partition("/")
            found[name + stroke] = self._told(f"{bucket}/{prefix}{name}", None if stroke else file)
        if not found and prefix:
            raise FileNotFoundError(path)
        return random.sample(list(found.values()), len(found))

    def _told(self, name, file):
        if file is None:
            return {"name": name, "size": 0, "type": "directory"}
        content = file.read_bytes()
        tag = hashlib.md5(content).hexdigest()
        return {"name": name, "size": len(content), "type": "file", "ETag": f'"{tag}"'}

    def info(self, path, **options):
        path = self._strip_protocol(path)
        file = self._place(path, "HEAD")
        if file.is_file():
            return self._told(path, file)
        self.ls(path)
        return {"name": path, "size": 0, "type": "directory"}

    def invalidate_cache(self, path=None):
        self._lists.clear()

    def get_file(self, rpath, lpath, **options):
        shutil.copyfile(self._place(rpath, "GET"), lpath)

    def cat_file(self, path, **options):
        return self._place(path, "GET").read_bytes()

    def put_file(self, lpath, rpath, **options):
        place = self._place(rpath, "PUT")
        temporary = place.with_name(f".{secrets.token_hex(8)}")
        shutil.copyfile(lpath, temporary)
        os.replace(temporary, place)

    def rm_file(self, path):
        self._place(path, "DELETE").unlink()

    def rm(self, path, recursive=False, maxdepth=None):
        assert not has_magic(path), "this would be taken for wildcards"
        for key in self.find(path):
            self.rm_file(key)

    def find(self, path, maxdepth=None, withdirs=False, detail=False, **options):
        bucket, _, prefix = self._strip_protocol(path).rstrip("/").partition("/")
        folder = self._place(bucket, "LIST")
        keys = {unquote(file.name): file for file in folder.iterdir() if not file.name.startswith(".")}
        below = {f"{bucket}/{key}": keys[key] for key in keys if not prefix or key.startswith(f"{prefix}/")}
        return {name: self._told(name, file) for name, file in below.items()} if detail else list(below)

    def mkdir(self, path, **options):
        raise AssertionError("there are no folders")

    makedirs = mkdir

    def cp_file(self, path1, path2, **options):
        raise AssertionError("nothing is renamed")
