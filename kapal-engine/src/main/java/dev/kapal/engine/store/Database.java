package dev.kapal.engine.store;

import dev.kapal.engine.EngineException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The engine's database: SQLite in WAL mode with one connection, held exclusively. One writer at a
 * time, in the order of their commits; readers have the engine's memory.
 */
public final class Database implements AutoCloseable {
  /** Version of the schema that this code writes. */
  static final int SCHEMA = 2;

  private final Connection connection;
  private final Path file;
  private final Map<String, PreparedStatement> statements = new HashMap<>();
  private final ReentrantLock writer = new ReentrantLock();
  private Durability mode = Durability.POWER;

  private Database(Connection connection, Path file) {
    this.connection = connection;
    this.file = file;
  }

  /**
   * Opens the database, making or migrating it.
   *
   * @throws EngineException.Conflict another process has it open
   * @throws EngineException.Unsupported a newer Kapal wrote it
   * @throws EngineException.SystemFailure it is damaged or cannot be read
   */
  public static Database open(Path file) {
    try {
      Connection c = DriverManager.getConnection("jdbc:sqlite:" + file);
      try {
        Database db = new Database(c, file);
        db.prepare();
        return db;
      } catch (SQLException | RuntimeException e) {
        c.close();
        throw e;
      }
    } catch (SQLException e) {
      if (String.valueOf(e.getMessage()).contains("SQLITE_BUSY")) {
        throw new EngineException.Conflict(
            "cannot open " + file + ": another engine uses it; stop that one first", e);
      }
      throw failure(file, "open", e);
    }
  }

  private void prepare() throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.execute("PRAGMA locking_mode=EXCLUSIVE");
      s.execute("PRAGMA journal_mode=WAL");
      s.execute("PRAGMA synchronous=FULL");
      s.execute("PRAGMA foreign_keys=ON");
      connection.setAutoCommit(false);
      // Takes the exclusive lock now, not at the first write.
      int version = version(s);
      if (version > SCHEMA) {
        throw new EngineException.Unsupported(
            file
                + " was written by a newer Kapal (schema "
                + version
                + ", this one knows "
                + SCHEMA
                + "): update Kapal");
      }
      for (int v = version; v < SCHEMA; v++) {
        migrate(s, v);
      }
      s.execute("INSERT OR REPLACE INTO meta(key, value) VALUES ('opened', datetime())");
      connection.commit();
    }
  }

  private static int version(Statement s) throws SQLException {
    try (ResultSet r = s.executeQuery("PRAGMA user_version")) {
      return r.next() ? r.getInt(1) : 0;
    }
  }

  /** Each step from one version to the next; a step once released never changes. */
  private static void migrate(Statement s, int from) throws SQLException {
    switch (from) {
      case 0 -> {
        s.execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
        s.execute(
            "CREATE TABLE containers(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
                + " image TEXT NOT NULL, phase TEXT NOT NULL, doc TEXT NOT NULL,"
                + " state TEXT NOT NULL)");
        s.execute("CREATE TABLE volumes(name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID");
        s.execute("PRAGMA user_version=1");
      }
      case 1 -> {
        s.execute(
            "CREATE TABLE pods(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL)");
        s.execute("PRAGMA user_version=2");
      }
      default -> throw new IllegalStateException("no migration from schema " + from);
    }
  }

  /** A container as it is stored. */
  public record StoredContainer(ContainerRecord record, RunState state) {}

  /** All containers; damaged records go to the list. */
  public List<StoredContainer> containers(List<String> damaged) {
    writer.lock();
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT id, doc, state FROM containers")) {
      List<StoredContainer> all = new ArrayList<>();
      while (r.next()) {
        String id = r.getString(1);
        try {
          all.add(
              new StoredContainer(
                  Documents.read(r.getString(2), ContainerRecord.class, "container " + id),
                  Documents.read(r.getString(3), RunState.class, "container " + id)));
        } catch (EngineException e) {
          damaged.add(id);
        }
      }
      connection.commit();
      return all;
    } catch (SQLException e) {
      throw failure(file, "read", e);
    } finally {
      writer.unlock();
    }
  }

  /** All pods; damaged records go to the list. */
  public List<PodRecord> pods(List<String> damaged) {
    writer.lock();
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT id, doc FROM pods")) {
      List<PodRecord> all = new ArrayList<>();
      while (r.next()) {
        String id = r.getString(1);
        try {
          all.add(Documents.read(r.getString(2), PodRecord.class, "pod " + id));
        } catch (EngineException e) {
          damaged.add(id);
        }
      }
      connection.commit();
      return all;
    } catch (SQLException e) {
      throw failure(file, "read", e);
    } finally {
      writer.unlock();
    }
  }

  /** All volumes. */
  public List<VolumeRecord> volumes() {
    writer.lock();
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT name, doc FROM volumes")) {
      List<VolumeRecord> all = new ArrayList<>();
      while (r.next()) {
        all.add(Documents.read(r.getString(2), VolumeRecord.class, "volume " + r.getString(1)));
      }
      connection.commit();
      return all;
    } catch (SQLException e) {
      throw failure(file, "read", e);
    } finally {
      writer.unlock();
    }
  }

  /** This engine's own ID, made at the first start. */
  public String engineId() {
    writer.lock();
    try {
      Optional<String> known = Optional.empty();
      try (Statement s = connection.createStatement();
          ResultSet r = s.executeQuery("SELECT value FROM meta WHERE key='id'")) {
        if (r.next()) {
          known = Optional.of(r.getString(1));
        }
      }
      if (known.isPresent()) {
        connection.commit();
        return known.get();
      }
      String id = UUID.randomUUID().toString();
      write(Durability.POWER, tx -> tx.run("INSERT INTO meta(key, value) VALUES ('id', ?)", id));
      return id;
    } catch (SQLException e) {
      throw failure(file, "read", e);
    } finally {
      writer.unlock();
    }
  }

  /** What a transaction does. */
  @FunctionalInterface
  public interface Work {
    void run(Transaction tx) throws SQLException;
  }

  /**
   * Runs a transaction: all of it or nothing.
   *
   * @throws EngineException.SystemFailure when it could not be written; nothing has changed then
   */
  public void write(Durability durability, Work work) {
    writer.lock();
    try {
      if (mode != durability) {
        try (Statement s = connection.createStatement()) {
          // Outside of a transaction, where the pragma has its effect.
          connection.setAutoCommit(true);
          s.execute("PRAGMA synchronous=" + (durability == Durability.POWER ? "FULL" : "NORMAL"));
          connection.setAutoCommit(false);
        }
        mode = durability;
      }
      try {
        work.run(new Transaction());
        connection.commit();
      } catch (SQLException | RuntimeException e) {
        connection.rollback();
        throw e;
      }
    } catch (SQLException e) {
      throw failure(file, "write", e);
    } finally {
      writer.unlock();
    }
  }

  /** The statements of a transaction. */
  public final class Transaction {
    private Transaction() {}

    void run(String sql, String... values) throws SQLException {
      PreparedStatement s = statements.get(sql);
      if (s == null) {
        s = connection.prepareStatement(sql);
        statements.put(sql, s);
      }
      for (int i = 0; i < values.length; i++) {
        s.setString(i + 1, values[i]);
      }
      s.executeUpdate();
    }

    public void insert(ContainerRecord c, RunState state) throws SQLException {
      run(
          "INSERT INTO containers(id, name, image, phase, doc, state) VALUES (?, ?, ?, ?, ?, ?)",
          c.id(),
          c.name(),
          c.imageId(),
          state.phase().name(),
          Documents.write(c),
          Documents.write(state));
    }

    public void update(ContainerRecord c) throws SQLException {
      run("UPDATE containers SET name=?, doc=? WHERE id=?", c.name(), Documents.write(c), c.id());
    }

    public void update(String id, RunState state) throws SQLException {
      run(
          "UPDATE containers SET phase=?, state=? WHERE id=?",
          state.phase().name(),
          Documents.write(state),
          id);
    }

    public void deleteContainer(String id) throws SQLException {
      run("DELETE FROM containers WHERE id=?", id);
    }

    public void put(PodRecord p) throws SQLException {
      run(
          "INSERT OR REPLACE INTO pods(id, name, doc) VALUES (?, ?, ?)",
          p.id(),
          p.spec().name(),
          Documents.write(p));
    }

    public void deletePod(String id) throws SQLException {
      run("DELETE FROM pods WHERE id=?", id);
    }

    public void put(VolumeRecord v) throws SQLException {
      run("INSERT OR REPLACE INTO volumes(name, doc) VALUES (?, ?)", v.name(), Documents.write(v));
    }

    public void deleteVolume(String name) throws SQLException {
      run("DELETE FROM volumes WHERE name=?", name);
    }
  }

  /** What SQLite finds wrong with the file; empty: nothing. */
  public List<String> check() {
    writer.lock();
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("PRAGMA quick_check(20)")) {
      List<String> problems = new ArrayList<>();
      while (r.next()) {
        if (!r.getString(1).equals("ok")) {
          problems.add(r.getString(1));
        }
      }
      connection.commit();
      return problems;
    } catch (SQLException e) {
      throw failure(file, "check", e);
    } finally {
      writer.unlock();
    }
  }

  private static EngineException failure(Path file, String what, SQLException e) {
    return new EngineException.SystemFailure(
        "cannot "
            + what
            + " the database "
            + file
            + ": "
            + e.getMessage()
            + "; see that the disk is neither full nor read-only",
        e);
  }

  @Override
  public void close() {
    writer.lock();
    try {
      connection.close();
    } catch (SQLException e) {
      throw failure(file, "close", e);
    } finally {
      writer.unlock();
    }
  }
}
