package dev.kapal.streaming.spdy;

import dev.kapal.streaming.pipe.FrameOutput;
import dev.kapal.streaming.pipe.InputPipe;
import java.util.Map;
import java.util.Optional;

/** A stream that the client opened: its headers, by lower-case name, and its two directions. */
public final class SpdyStream {
  private final int id;
  private final Map<String, String> headers;
  private final InputPipe input;
  private final FrameOutput output;

  SpdyStream(int id, Map<String, String> headers, InputPipe input, FrameOutput output) {
    this.id = id;
    this.headers = Map.copyOf(headers);
    this.input = input;
    this.output = output;
  }

  int id() {
    return id;
  }

  /** The value of a header; names are lower-case. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  /** What the client sends. */
  public InputPipe input() {
    return input;
  }

  /** What the client gets; closing ends this direction. */
  public FrameOutput output() {
    return output;
  }
}
