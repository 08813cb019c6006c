package dev.kapal.image.registry.http;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The head of an answer, and its body as it arrives. One thread owns it; close it. */
public final class Answer implements AutoCloseable {
  private static final int LONGEST_HEADER = 16 << 10;

  private final HttpResponse<BodyPipe> response;
  private final BodyPipe body;
  private final Duration stall;

  Answer(HttpResponse<BodyPipe> response, BodyPipe body, Duration stall) {
    this.response = response;
    this.body = body;
    this.stall = stall;
  }

  public int status() {
    return response.statusCode();
  }

  /** Where the answer came from, redirects followed. */
  public URI uri() {
    return response.uri();
  }

  public HttpHeaders headers() {
    return response.headers();
  }

  /** A header's first value, unless it is absurdly long. */
  public Optional<String> header(String name) {
    return headers().firstValue(name).filter(v -> v.length() <= LONGEST_HEADER);
  }

  /** All values of a header. */
  public List<String> all(String name) {
    return headers().allValues(name);
  }

  /** Content-Length, if there is one that makes sense. */
  public OptionalLong length() {
    return header("Content-Length")
        .filter(v -> v.length() <= 18 && !v.isEmpty() && v.chars().allMatch(Answer::isDigit))
        .map(v -> OptionalLong.of(Long.parseLong(v)))
        .orElse(OptionalLong.empty());
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /** The next bytes of the body; empty at its end. */
  public Optional<ByteBuffer> next() throws TransportFailure, InterruptedException {
    return body.next(stall);
  }

  /**
   * Reads the body.
   *
   * @param limit in bytes
   * @return empty if the body is longer than that
   */
  public Optional<byte[]> read(int limit) throws TransportFailure, InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Optional<ByteBuffer> part = next(); part.isPresent(); part = next()) {
      if (part.get().remaining() > limit - out.size()) {
        return Optional.empty();
      }
      copy(part.get(), out);
    }
    return Optional.of(out.toByteArray());
  }

  /** Reads as much of the body as comes, up to a limit; for error texts. */
  public byte[] readSome(int limit) throws InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      for (Optional<ByteBuffer> part = next(); part.isPresent(); part = next()) {
        ByteBuffer bytes = part.get();
        int room = limit - out.size();
        boolean full = bytes.remaining() > room;
        if (full) {
          bytes.limit(bytes.position() + room);
        }
        copy(bytes, out);
        if (full) {
          break;
        }
      }
    } catch (TransportFailure e) {
      // What came so far is all we will know; the status already told the main thing.
      return out.toByteArray();
    }
    return out.toByteArray();
  }

  private static void copy(ByteBuffer from, ByteArrayOutputStream to) {
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    to.writeBytes(bytes);
  }

  @Override
  public void close() {
    body.cancel();
  }
}
