"""A MariaDB of the bench's own: a private data directory, a Unix socket, a port on loopback; shops of any size made from the fixture."""

import contextlib
import gzip
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from .processes import reap, running, so_far, start

FIXTURES = pathlib.Path(__file__).resolve().parents[2].parent / "shared/fixtures"
NEEDED = ("luma.sql.gz", "scale.py", "triggers.sql")
PROGRAMS = ("mariadbd", "mariadb", "mariadb-install-db")
# The five tables that hold the values of products.
VALUE_TABLES = ["catalog_product_entity_" + kind for kind in ("datetime", "decimal", "int", "text", "varchar")]
# Both sides read from memory, as from a server that has been running for a while.
BUFFER_POOL = "1G"
# Products of the fixture itself and configurable parents come on top of those that are asked for.
FIRST_ADDED = 10_000_000
SEARCH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin"


def absent():
    """What the bench needs and this machine lacks, in words; empty if nothing is absent."""
    lacking = ["the fixture %s" % (FIXTURES / name) for name in NEEDED if not (FIXTURES / name).is_file()]
    return lacking + ["the program %s (package mariadb-server)" % name for name in PROGRAMS if not shutil.which(name, path=SEARCH)]


class Server:
    """The server. Shops are kept in `directory`: one that is there already is used again."""

    def __init__(self, directory):
        self.data, self.socket = directory / "data", directory / "s.sock"
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        log = directory / "server.log"
        with open(log, "w") as output:
            if not self.data.is_dir():
                install = [shutil.which("mariadb-install-db", path=SEARCH), "--no-defaults", "--datadir=%s" % self.data,
                           "--auth-root-authentication-method=normal", "--skip-test-db", "--user=" + user]
                subprocess.run(install, stdout=output, stderr=output, check=True)
            # Nothing here must outlive a power cut, so nothing waits for the disk.
            options = ["--no-defaults", "--datadir=%s" % self.data, "--socket=%s" % self.socket, "--pid-file=%s" % (directory / "pid"),
                       "--bind-address=127.0.0.1", "--port=%d" % free_port(), "--user=" + user, "--skip-log-bin", "--sync-frm=0",
                       "--skip-name-resolve", "--performance-schema=OFF", "--innodb-flush-method=nosync",
                       "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF", "--innodb-buffer-pool-size=" + BUFFER_POOL,
                       "--innodb-log-file-size=256M", "--character-set-server=utf8mb4",
                       "--collation-server=utf8mb4_general_ci"]
            self.process = start([shutil.which("mariadbd", path=SEARCH), *options], stdout=output, stderr=output)
        deadline = time.monotonic() + 120
        while subprocess.run(self._client("mysql", "-e", "SELECT 1"), capture_output=True).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("MariaDB does not start:\n%s" % log.read_text())
            time.sleep(0.2)

    def _client(self, database, *arguments):
        return ["mariadb", "--no-defaults", "--user=root", "--socket=%s" % self.socket, "--batch", "--raw", "--skip-column-names",
                "--default-character-set=utf8mb4", "--init-command=SET time_zone='+00:00', sql_mode='NO_ENGINE_SUBSTITUTION'",
                *arguments, database]

    def run(self, database, sql):
        """Runs SQL and returns what the client prints, a list of fields for each row."""
        done = subprocess.run(self._client(database), input=sql, capture_output=True, text=isinstance(sql, str))
        if done.returncode:
            raise RuntimeError("%s: %s" % (database, done.stderr))
        return [line.split("\t") for line in (done.stdout if isinstance(sql, str) else done.stdout.decode()).splitlines()]

    def number(self, database, sql):
        return int(self.run(database, sql)[0][0])

    def shop(self, products, store_views=None):
        """The name of a shop with so many added products, made if it is not there; with `store_views`, in one website with so many."""
        # Other fixtures make another shop.
        made_of = hashlib.sha1(b"".join((FIXTURES / needed).read_bytes() for needed in NEEDED)).hexdigest()[:8]
        name = "shop_%s_%d%s" % (made_of, products, "_%d" % store_views if store_views else "")
        # A shop that was not finished has no mark.
        if self.run("mysql", "SELECT 1 FROM information_schema.schemata WHERE schema_name = '%s_done'" % name):
            return name
        self.run("mysql", "DROP DATABASE IF EXISTS %s; CREATE DATABASE %s CHARACTER SET utf8mb4" % (name, name))
        self.run(name, gzip.decompress((FIXTURES / "luma.sql.gz").read_bytes()))
        scale = [sys.executable, FIXTURES / "scale.py", "--socket", self.socket, "--db", name, "--n", str(products), "--configurable"]
        done = subprocess.run(scale, capture_output=True, text=True)
        if done.returncode:
            sys.exit("The fixture was not multiplied: %s" % (done.stderr or done.stdout))
        if store_views:
            self._one_website(name, store_views)
        # From here on every change is logged, as by Commerce's indexers.
        logs = self.run(name, "SHOW TABLES LIKE '%\\_cl'")
        self.run(name, " ".join("TRUNCATE %s;" % log for log, in logs) + "\n" + (FIXTURES / "triggers.sql").read_text())
        self.run(name, " ".join("ANALYZE TABLE %s;" % table for table in VALUE_TABLES))
        self.run("mysql", "CREATE DATABASE %s_done" % name)
        return name

    def _one_website(self, name, store_views):
        """Leaves only the first website, with so many store views, and every tenth product has a name of its own in each of them."""
        group, present = self.run(name, "SELECT MIN(group_id), COUNT(*) FROM store WHERE website_id = 1")[0]
        missing = store_views - int(present)
        self.run(name, """
            DELETE FROM catalog_product_website WHERE website_id <> 1;
            INSERT INTO store (code, website_id, group_id, name, sort_order, is_active)
              SELECT CONCAT('bench_', seq), 1, %s, CONCAT('Bench ', seq), seq, 1 FROM seq_1_to_%d;
            """ % (group, missing))
        for view, in self.run(name, "SELECT store_id FROM store WHERE code LIKE 'bench\\_%'"):
            self.run(name, """
                CREATE TABLE catalog_category_product_index_store%s LIKE catalog_category_product_index_store1;
                INSERT INTO catalog_category_product_index_store%s
                  SELECT category_id, product_id, position, is_parent, %s, visibility FROM catalog_category_product_index_store1;
                INSERT INTO catalog_product_entity_varchar (attribute_id, store_id, entity_id, value)
                  SELECT attribute_id, %s, entity_id, CONCAT(value, ' (%s)') FROM catalog_product_entity_varchar
                  WHERE store_id = 0 AND entity_id > %d AND entity_id MOD 10 = 0
                    AND attribute_id = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'name' AND entity_type_id = 4);
                """ % (view, view, view, view, view, FIRST_ADDED))

    def rename(self, name, is_renamed):
        """Renames one of a hundred added products, or gives these their names back. Returns how many names that changed."""
        change = "CONCAT(value, ' *')" if is_renamed else "TRIM(TRAILING ' *' FROM value)"
        return self.number(name, """
            UPDATE catalog_product_entity_varchar SET value = %s
              WHERE store_id = 0 AND entity_id > %d AND entity_id MOD 100 = 0
                AND attribute_id = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'name' AND entity_type_id = 4);
            SELECT ROW_COUNT();""" % (change, FIRST_ADDED))

    def read_raw(self, name):
        """Reads every row of the value tables by the server's own client. Returns wall and CPU seconds of the client."""
        return self._throw_away(name, [" ".join("SELECT * FROM %s;" % table for table in VALUE_TABLES)])

    def _throw_away(self, name, questions):
        """Has the server's own clients ask all of these at once, one client each, and throw the rows away. Returns wall and CPU seconds of the clients."""
        begin = time.perf_counter()
        with contextlib.ExitStack() as stack:
            # --quick: no row is kept, as a program that reads in a stream does.
            clients = [stack.enter_context(running(self._client(name, "--quick", "-e", sql), stdout=subprocess.DEVNULL)) for sql in questions]
            cpu = sum(reap(client)[0] for client in clients)
            wall = time.perf_counter() - begin
        failed = [client.returncode for client in clients if client.returncode]
        if failed:
            sys.exit("%s could not be read (exit code %d)" % (name, failed[0]))
        return wall, cpu

    def queries(self, name, work, directory, clients=2):
        """Writes what is read from this shop while `work` runs as SQL into a file for each client. Returns the files and how many queries they have."""
        self.run("mysql", "SET GLOBAL log_output = 'TABLE', GLOBAL long_query_time = 0, GLOBAL slow_query_log = ON")
        try:
            work()
        finally:
            self.run("mysql", "SET GLOBAL slow_query_log = OFF")
        # LIMIT 0 only asks whether a table is there, and is an error if it is not.
        sql = """
            SELECT CONCAT(REPLACE(REPLACE(CONVERT(sql_text USING utf8mb4), '\n', ' '), '\t', ' '), ';') FROM slow_log
              WHERE db = '%s' AND sql_text LIKE 'SELECT%%' AND sql_text NOT LIKE '%%LIMIT 0';
            TRUNCATE slow_log;""" % name
        count, shares = 0, [directory / ("queries%d.sql" % client) for client in range(clients)]
        # Line by line: what the bench holds when it starts the program would count as the program's memory.
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(share.open("wb")) for share in shares]
            client = stack.enter_context(subprocess.Popen(self._client("mysql", "--quick", "-e", sql), stdout=subprocess.PIPE))
            for count, line in enumerate(client.stdout, 1):
                files[count % clients].write(line)
        if client.returncode:
            sys.exit("The queries of the program could not be read from the server's log")
        return shares, count

    def ask(self, name, shares):
        """Asks the queries of these files, each file by a client of its own. Returns wall and CPU seconds of the clients."""
        return self._throw_away(name, ["source %s" % share for share in shares])

    def cpu(self):
        """CPU seconds of the server so far."""
        return so_far(self.process.pid)[0]

    def close(self, is_kept):
        """Ends the server: in order if its shops are used again, at once if its directory goes anyway."""
        self.process.terminate() if is_kept else self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
