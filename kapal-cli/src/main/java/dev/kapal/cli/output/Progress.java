package dev.kapal.cli.output;

import dev.kapal.cli.context.CommandContext;
import dev.kapal.cli.context.WindowSize;
import dev.kapal.image.ProgressListener;
import dev.kapal.oci.Digest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Shows how a transfer goes on: a bar for each layer on a terminal, redrawn ten times a second at
 * most, and one line for each change elsewhere. Events come from many threads; a thread of its own
 * draws.
 */
public final class Progress implements ProgressListener, AutoCloseable {
  private static final long PERIOD_MILLIS = 100;

  private enum Look {
    SILENT,
    LINES,
    BARS
  }

  private final Output out;
  private final Supplier<WindowSize> window;
  private final Style style;
  private final Look look;
  private final Map<Digest, Layer> layers = new LinkedHashMap<>();
  private final Map<Digest, String> notes = new LinkedHashMap<>();
  private final List<String> messages = new ArrayList<>();
  private Optional<Thread> drawer = Optional.empty();
  private int drawn;
  private boolean dirty;
  private boolean closed;

  Progress(Output out, Supplier<WindowSize> window, Style style, boolean quiet, boolean bars) {
    this.out = out;
    this.window = window;
    this.style = style;
    this.look = quiet ? Look.SILENT : bars ? Look.BARS : Look.LINES;
  }

  /** Progress on one of the client's streams; close it when the work is done. */
  public static Progress open(Output out, CommandContext context, boolean quiet) {
    boolean bars = out.terminal() && !context.environment().getOrDefault("TERM", "").equals("dumb");
    return new Progress(
        out,
        () -> context.client().windowSize(),
        Style.of(out.terminal(), context.environment()),
        quiet,
        bars);
  }

  @Override
  public synchronized void on(Event event) {
    if (look == Look.SILENT || closed) {
      return;
    }
    switch (event) {
      case Message message -> say(Text.tame(message.text()));
      case Resolved resolved -> say(resolved.name() + ": " + resolved.digest());
      case Layer layer -> {
        Layer before = layers.get(layer.blob());
        if (before != null && isBeside(before, layer)) {
          return;
        }
        layers.put(layer.blob(), layer);
        notes.remove(layer.blob());
        if (look == Look.LINES && (before == null || before.state() != layer.state())) {
          line(layer);
        }
      }
      case Retrying retrying -> {
        String note =
            "retrying in "
                + Math.max(1, retrying.pause().toSeconds())
                + " s: "
                + Text.tame(retrying.reason());
        notes.put(retrying.blob(), note);
        if (look == Look.LINES) {
          emit(retrying.blob().shortHex() + ": " + note);
        }
      }
    }
    dirty = true;
    if (look == Look.BARS && drawer.isEmpty()) {
      drawer = Optional.of(Thread.ofPlatform().daemon().name("kapal-progress").start(this::draw));
    }
  }

  /** Unpacking goes on beside the download, and the download is what there is to wait for. */
  private static boolean isBeside(Layer before, Layer layer) {
    return layer.state() == State.EXTRACTING
        && before.state() == State.DOWNLOADING
        && before.done() < before.total();
  }

  private void say(String text) {
    if (look == Look.BARS) {
      messages.add(text);
    } else {
      emit(text);
    }
  }

  private void line(Layer layer) {
    String what =
        switch (layer.state()) {
          case WAITING -> "";
          case DOWNLOADING -> "Downloading " + Humans.size(layer.total());
          case DOWNLOADED -> "Download complete";
          case EXTRACTING -> "Extracting";
          case UPLOADING -> "Uploading " + Humans.size(layer.total());
          case SAVING -> "Saving " + Humans.size(layer.total());
          case DONE -> "Done";
          case EXISTS -> "Already there";
          case MOUNTED -> "Taken from another repository";
        };
    if (!what.isEmpty()) {
      emit(layer.blob().shortHex() + ": " + what);
    }
  }

  /** A reader that went away is no reason to stop the transfer; the command finds out by itself. */
  private void emit(String text) {
    try {
      out.line(text);
      out.flush();
    } catch (StreamClosedException e) {
      closed = true;
    }
  }

  private void draw() {
    while (true) {
      try {
        Thread.sleep(PERIOD_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
      synchronized (this) {
        if (closed) {
          return;
        }
        if (dirty) {
          paint();
        }
      }
    }
  }

  private void paint() {
    dirty = false;
    WindowSize size = window.get();
    int columns = size.columns() > 0 ? size.columns() : 80;
    int rows = size.rows() > 0 ? size.rows() : 24;
    StringBuilder frame = new StringBuilder();
    if (drawn > 0) {
      frame.append("\u001b[").append(drawn).append('A');
    }
    for (String message : messages) {
      frame.append("\r\u001b[2K").append(Text.cut(message, columns * 4)).append('\n');
    }
    messages.clear();
    List<Layer> shown = shown(Math.max(1, rows - 2));
    shown.forEach(layer -> frame.append("\r\u001b[2K").append(bar(layer, columns)).append('\n'));
    // Lines of an earlier, longer frame that are below now.
    int extra = drawn - shown.size();
    if (extra > 0) {
      frame.append("\u001b[J");
    }
    drawn = shown.size();
    try {
      out.print(frame.toString());
      out.flush();
    } catch (StreamClosedException e) {
      closed = true;
    }
  }

  /** All layers, or where they are too many those that are not finished first. */
  private List<Layer> shown(int most) {
    List<Layer> all = new ArrayList<>(layers.values());
    for (int i = 0; i < all.size() && all.size() > most; ) {
      State state = all.get(i).state();
      if (state == State.DONE || state == State.EXISTS || state == State.MOUNTED) {
        all.remove(i);
      } else {
        i++;
      }
    }
    return all.size() > most ? all.subList(0, most) : all;
  }

  private String bar(Layer layer, int columns) {
    String id = layer.blob().shortHex();
    String note = notes.get(layer.blob());
    if (note != null) {
      return Text.cut(id + "  " + note, columns - 1);
    }
    return bar(id, layer, columns, style);
  }

  /** One line of at most so many columns. */
  static String bar(String id, Layer layer, int columns, Style style) {
    String what =
        switch (layer.state()) {
          case WAITING -> "Waiting";
          case DOWNLOADING -> "Downloading";
          case DOWNLOADED -> "Downloaded";
          case EXTRACTING -> "Extracting";
          case UPLOADING -> "Uploading";
          case SAVING -> "Saving";
          case DONE -> "Done";
          case EXISTS -> "Already there";
          case MOUNTED -> "Linked";
        };
    boolean moving =
        layer.state() == State.DOWNLOADING
            || layer.state() == State.EXTRACTING
            || layer.state() == State.UPLOADING
            || layer.state() == State.SAVING;
    if (!moving || layer.total() <= 0) {
      String size =
          layer.state() == State.DONE && layer.total() > 0 ? "  " + Humans.size(layer.total()) : "";
      String text = Text.cut(id + "  " + what + size, Math.max(1, columns - 1));
      return layer.state() == State.DONE ? style.green(text) : text;
    }
    double part = Math.clamp((double) layer.done() / layer.total(), 0.0, 1.0);
    String sizes = Humans.size(layer.done()) + "/" + Humans.size(layer.total());
    // id, state (13 columns), bar, sizes (up to 17)
    int room = columns - 1 - id.length() - 2 - 13 - 2 - 3 - 17;
    String head = id + "  " + what + " ".repeat(13 - what.length());
    if (room < 8) {
      return Text.cut(
          head + " " + Math.round(Math.floor(part * 100)) + "%", Math.max(1, columns - 1));
    }
    int width = Math.min(room, 50);
    int full = (int) Math.floor(part * width);
    String done = "=".repeat(Math.max(0, full - 1)) + (full > 0 ? ">" : "");
    return head + "  [" + style.cyan(done) + " ".repeat(width - full) + "] " + sizes;
  }

  /** Draws what is last, and stops. */
  @Override
  public synchronized void close() {
    if (!closed && look == Look.BARS && dirty) {
      paint();
    }
    closed = true;
    drawer.ifPresent(Thread::interrupt);
  }
}
