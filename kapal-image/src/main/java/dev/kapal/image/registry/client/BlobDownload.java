package dev.kapal.image.registry.client;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.DigestMismatch;
import dev.kapal.image.registry.RegistryException.LocalFailure;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.ContentRange;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.TransportFailure.Kind;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Receives one blob into one sink, however many connections that takes. Owned by one thread.
 *
 * <p>Every attempt goes on where the sink stands: after a broken connection, at another mirror, or
 * in a new process after a crash. An attempt counts as progress only if it brought the sink beyond
 * where it ever was, so a server that keeps breaking off ends the download and one that is merely
 * flaky does not.
 */
final class BlobDownload {
  private static final long PROGRESS = 64 << 10;

  private final Context context;
  private final Descriptor blob;
  private final BlobSink sink;
  private final TransferListener listener;
  private final String doing;

  private long farthest;
  private boolean ranges = true;

  BlobDownload(
      Context context, Descriptor blob, BlobSink sink, TransferListener listener, String doing) {
    this.context = context;
    this.blob = blob;
    this.sink = sink;
    this.listener = listener;
    this.doing = doing;
  }

  /** Asks one endpoint until the blob is committed. */
  void from(Session session, URI url, boolean lastEndpoint)
      throws TransportFailure, InterruptedException {
    ranges = true;
    int failures = 0;
    for (boolean corruptBefore = false; ; ) {
      try {
        if (sink.size() > blob.size()) {
          restart();
        }
        if (sink.size() < blob.size()) {
          receive(session, url);
        }
        if (commit()) {
          return;
        }
        restart();
        if (corruptBefore) {
          throw corrupt(url);
        }
        corruptBefore = true;
      } catch (TransportFailure e) {
        if (sink.size() >= farthest + PROGRESS) {
          failures = 0;
        }
        farthest = Math.max(farthest, sink.size());
        context.retry.pause(++failures, lastEndpoint, e, listener);
      }
    }
  }

  private DigestMismatch corrupt(URI url) {
    String shown = Urls.display(url);
    return new DigestMismatch(
        doing
            + " failed: "
            + shown
            + " sent bytes that do not have this digest, twice; something on the way, or the"
            + " registry, changed them",
        List.of(new Attempt(shown, "wrong content")));
  }

  private void receive(Session session, URI url) throws TransportFailure, InterruptedException {
    if (!ranges && sink.size() > 0) {
      restart();
    }
    long offset = sink.size();
    HttpCall call = HttpCall.of("GET", url).with("Accept", "*/*");
    if (offset > 0) {
      call = call.with("Range", "bytes=" + offset + "-");
    }
    try (Answer answer = session.send(call)) {
      switch (answer.status()) {
        case 200 -> {
          if (offset > 0) {
            restart();
          }
        }
        case 206 -> continued(answer, offset);
        case 416 -> {
          ranges = false;
          restart();
          throw again(answer, "cannot continue at byte " + offset);
        }
        default -> throw session.problem(doing, answer);
      }
      checkLength(answer);
      pour(answer);
    }
  }

  /** A range that is not the one we asked for would be corruption; better start over. */
  private void continued(Answer answer, long offset) throws TransportFailure {
    boolean right =
        answer
            .header("Content-Range")
            .flatMap(ContentRange::parse)
            .filter(r -> offset > 0 && r.first() == offset && r.last() < blob.size())
            .filter(r -> r.total().isEmpty() || r.total().getAsLong() == blob.size())
            .isPresent();
    if (!right) {
      ranges = false;
      restart();
      throw again(answer, "answers with another range than was asked for");
    }
  }

  private void checkLength(Answer answer) {
    long rest = blob.size() - sink.size();
    long told = answer.length().orElse(rest);
    boolean wrong = answer.status() == 200 ? told != rest : told > rest;
    if (wrong) {
      throw wrongSize(answer, "has " + told + " bytes where the manifest says " + rest);
    }
  }

  private ProtocolProblem wrongSize(Answer answer, String what) {
    String url = Urls.display(answer.uri());
    return new ProtocolProblem(
        doing + " failed: " + url + " " + what, List.of(new Attempt(url, what)), Optional.empty());
  }

  private void pour(Answer answer) throws TransportFailure, InterruptedException {
    for (Optional<ByteBuffer> part = answer.next(); part.isPresent(); part = answer.next()) {
      if (part.get().remaining() > blob.size() - sink.size()) {
        restart();
        throw wrongSize(answer, "sends more than the " + blob.size() + " bytes of the manifest");
      }
      try {
        sink.write(part.get());
      } catch (IOException e) {
        throw local("storing the bytes", e);
      }
      listener.progress(sink.size(), blob.size());
    }
    if (sink.size() < blob.size()) {
      throw again(answer, "ended after " + sink.size() + " of " + blob.size() + " bytes");
    }
  }

  private static TransportFailure again(Answer answer, String what) {
    return new TransportFailure(
        Kind.RESET,
        Urls.display(answer.uri()),
        Urls.authority(answer.uri()) + " " + what,
        Optional.empty());
  }

  private void restart() {
    try {
      sink.restart();
    } catch (IOException e) {
      throw local("starting over", e);
    }
    listener.progress(0, blob.size());
  }

  /** Commits if all is there. */
  private boolean commit() {
    try {
      return sink.commit();
    } catch (IOException e) {
      throw local("storing the blob", e);
    }
  }

  private RuntimeException local(String what, IOException e) {
    if (Thread.interrupted()) {
      return new Cancelled(doing + " was interrupted");
    }
    return new LocalFailure(
        doing + " failed on this machine while " + what + ": " + e.getMessage(), Optional.of(e));
  }
}
