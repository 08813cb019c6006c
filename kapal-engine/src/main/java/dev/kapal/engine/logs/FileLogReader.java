package dev.kapal.engine.logs;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogOptions;
import dev.kapal.engine.LogReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Reads the lines of a log; pieces of a long line are put together. */
public final class FileLogReader implements LogReader {
  private static final int MAX_LINE = 1 << 20;
  private static final long POLL_MIN = 5;
  private static final long POLL_MAX = 100;

  private final LogFormat format;
  private final LogOptions options;
  private final BooleanSupplier ended;
  private final LogSource source;
  private final Map<LogEntry.Stream, Piece> pieces = new EnumMap<>(LogEntry.Stream.class);
  private final Deque<LogEntry> ready = new ArrayDeque<>();
  private long pause = POLL_MIN;
  private boolean finished;
  private long skip;
  private volatile boolean closed;

  /** The beginning of a line whose end has not come. */
  private record Piece(Instant time, ByteArrayOutputStream bytes) {}

  /**
   * Opens a log.
   *
   * @param ended whether nothing more will be written; asked before each look at the end
   */
  public FileLogReader(
      Path path, int maxFiles, LogFormat format, LogOptions options, BooleanSupplier ended) {
    this.format = format;
    this.options = options;
    this.ended = ended;
    this.source = new LogSource(path, maxFiles);
    try {
      List<Path> files = source.files();
      TailFinder.Place place =
          options.tail().isPresent()
              ? TailFinder.find(files, format, options.tail().getAsLong())
              : new TailFinder.Place(0, 0, 0);
      skip = place.skip();
      for (int i = place.file(); i < files.size(); i++) {
        if (source.open(files.get(i), i == place.file() ? place.offset() : 0)) {
          break;
        }
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private static EngineException failure(Path path, IOException e) {
    return new EngineException.SystemFailure(
        "cannot read the log " + path + ": " + e.getMessage(), e);
  }

  @Override
  public Optional<LogEntry> next() throws InterruptedException {
    try {
      while (!closed) {
        if (!ready.isEmpty()) {
          return Optional.of(ready.poll());
        }
        if (finished) {
          return Optional.empty();
        }
        boolean last = !options.follow() || ended.getAsBoolean();
        Optional<LogSource.Span> span = source.next();
        if (span.isPresent()) {
          pause = POLL_MIN;
          format
              .parse(source.buffer(), span.get().offset(), span.get().length())
              .ifPresent(this::take);
        } else if (last) {
          flush();
          finished = true;
        } else if (past(Instant.now())) {
          finished = true;
        } else {
          Thread.sleep(pause);
          pause = Math.min(POLL_MAX, pause * 2);
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      if (closed) {
        return Optional.empty();
      }
      throw failure(Path.of("of the container"), e);
    }
  }

  private boolean past(Instant time) {
    return options.until().map(time::isAfter).orElse(false);
  }

  private void take(LogLine line) {
    Piece piece = pieces.get(line.stream());
    if (line.partial()) {
      if (piece == null) {
        piece = new Piece(line.time(), new ByteArrayOutputStream());
        pieces.put(line.stream(), piece);
      }
      piece.bytes().writeBytes(line.content());
      if (piece.bytes().size() >= MAX_LINE) {
        pieces.remove(line.stream());
        emit(new LogEntry(piece.time(), line.stream(), piece.bytes().toByteArray()));
      }
    } else if (piece == null) {
      emit(new LogEntry(line.time(), line.stream(), line.content()));
    } else {
      pieces.remove(line.stream());
      piece.bytes().writeBytes(line.content());
      emit(new LogEntry(piece.time(), line.stream(), piece.bytes().toByteArray()));
    }
  }

  private void emit(LogEntry e) {
    if (skip > 0) {
      skip--;
      return;
    }
    boolean wanted =
        switch (e.stream()) {
          case STDOUT -> options.stdout();
          case STDERR -> options.stderr();
        };
    if (past(e.time())) {
      finished = true;
    } else if (wanted && !options.since().map(s -> e.time().isBefore(s)).orElse(false)) {
      ready.add(e);
    }
  }

  /** Lines that never got an end. */
  private void flush() {
    pieces.forEach((stream, p) -> emit(new LogEntry(p.time(), stream, p.bytes().toByteArray())));
    pieces.clear();
  }

  @Override
  public void close() {
    closed = true;
    try {
      source.close();
    } catch (IOException e) {
      throw failure(Path.of("of the container"), e);
    }
  }
}
