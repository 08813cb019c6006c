package dev.kapal.image.registry.http;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.concurrent.atomic.AtomicLong;

/** A request's body: bytes of a known length that are read once per attempt. */
public final class UploadBody {

  /** Opens the bytes. */
  @FunctionalInterface
  public interface Opener {
    InputStream open() throws IOException;
  }

  /** Hears how many bytes were handed to the network so far. */
  @FunctionalInterface
  public interface Progress {
    void sent(long bytes);
  }

  private final long length;
  private final Opener opener;
  private final Progress progress;
  private final AtomicLong sent = new AtomicLong();

  public UploadBody(long length, Opener opener, Progress progress) {
    this.length = length;
    this.opener = opener;
    this.progress = progress;
  }

  /** A small body. */
  public static UploadBody of(byte[] content) {
    return new UploadBody(content.length, () -> new ByteArrayInputStream(content), bytes -> {});
  }

  /** Bytes taken by the network so far; tells a stalled upload from a slow one. */
  long sent() {
    return sent.get();
  }

  BodyPublisher publisher() {
    if (length == 0) {
      return BodyPublishers.noBody();
    }
    return BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(this::counted), length);
  }

  private InputStream counted() {
    sent.set(0);
    try {
      return new Counted(opener.open());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Counted extends FilterInputStream {
    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      if (b >= 0) {
        count(1);
      }
      return b;
    }

    @Override
    public int read(byte[] into, int from, int most) throws IOException {
      int n = super.read(into, from, most);
      if (n > 0) {
        count(n);
      }
      return n;
    }

    private void count(int n) {
      progress.sent(sent.addAndGet(n));
    }
  }
}
