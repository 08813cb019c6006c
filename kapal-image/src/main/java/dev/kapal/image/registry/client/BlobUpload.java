package dev.kapal.image.registry.client;

import dev.kapal.image.registry.BlobSource;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.DigestMismatch;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.ContentRange;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.TransportFailure.Kind;
import dev.kapal.image.registry.http.UploadBody;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Brings one blob to a registry (distribution-spec, "Pushing blobs"). Owned by one thread.
 *
 * <p>Small blobs go in one PUT. Larger ones go as one PATCH, which can be continued after a failure
 * from where the registry says it is, and are closed by a PUT.
 */
final class BlobUpload {
  private static final long SMALL = 4 << 20;
  private static final long PROGRESS = 64 << 10;

  private final Session session;
  private final Descriptor blob;
  private final BlobSource source;
  private final TransferListener listener;
  private final String doing;

  /** The upload that is open at the registry, and how much of it the registry holds. */
  private Optional<URI> open = Optional.empty();

  private long offset;
  private boolean patches = true;

  BlobUpload(
      Session session,
      Descriptor blob,
      BlobSource source,
      TransferListener listener,
      String doing) {
    this.session = session;
    this.blob = blob;
    this.source = source;
    this.listener = listener;
    this.doing = doing;
  }

  PushOutcome run(List<RepositoryName> mountFrom) throws TransportFailure, InterruptedException {
    Retry retry = session.context().retry;
    if (retry.run(true, this::exists)) {
      listener.progress(blob.size(), blob.size());
      return PushOutcome.EXISTED;
    }
    for (RepositoryName other : mountFrom) {
      if (mount(other)) {
        listener.progress(blob.size(), blob.size());
        return PushOutcome.MOUNTED;
      }
    }
    boolean done = false;
    try {
      upload(retry);
      done = true;
      return PushOutcome.UPLOADED;
    } finally {
      if (!done) {
        abandon();
      }
    }
  }

  private boolean exists() throws TransportFailure, InterruptedException {
    try (Answer answer = session.send(HttpCall.of("HEAD", session.url("blobs/" + blob.digest())))) {
      if (answer.status() == 200) {
        return true;
      }
      if (answer.status() == 404) {
        return false;
      }
      throw session.problem(doing, answer);
    }
  }

  /** Asks for a link; a registry that cannot opens an upload instead, which we then use. */
  private boolean mount(RepositoryName from) throws InterruptedException {
    URI url = Urls.with(session.url("blobs/uploads/"), "mount", blob.digest().toString());
    HttpCall call = HttpCall.of("POST", Urls.with(url, "from", from.path()));
    try (Answer answer =
        session.alsoReading(from).send(call.withBody(UploadBody.of(new byte[0])))) {
      if (answer.status() == 202) {
        opened(answer);
      }
      return answer.status() == 201;
    } catch (TransportFailure | RegistryException.Unauthorized e) {
      // Only a short cut failed; the upload will tell if there is a real problem.
      return false;
    }
  }

  private void upload(Retry retry) throws TransportFailure, InterruptedException {
    int failures = 0;
    long farthest = 0;
    for (boolean corruptBefore = false; ; ) {
      try {
        attempt();
        return;
      } catch (Refused e) {
        open = Optional.empty();
        if (corruptBefore) {
          throw e.problem;
        }
        corruptBefore = true;
      } catch (TransportFailure e) {
        if (offset >= farthest + PROGRESS) {
          failures = 0;
        }
        farthest = Math.max(farthest, offset);
        retry.pause(++failures, true, e, listener);
        if (retry.run(true, this::exists)) {
          return; // The answer to our last request was lost, its effect was not.
        }
        resume();
      }
    }
  }

  private void attempt() throws TransportFailure, InterruptedException, Refused {
    if (open.isEmpty()) {
      begin();
    }
    boolean whole = offset == 0 && (blob.size() <= SMALL || !patches);
    if (!whole && offset < blob.size()) {
      patch();
    }
    if (open.isPresent()) {
      close(whole);
    }
  }

  private void begin() throws TransportFailure, InterruptedException {
    HttpCall call =
        HttpCall.of("POST", session.url("blobs/uploads/")).withBody(UploadBody.of(new byte[0]));
    try (Answer answer = session.send(call)) {
      if (answer.status() != 202) {
        throw session.problem(doing, answer);
      }
      opened(answer);
    }
  }

  private void opened(Answer answer) {
    open = Optional.of(location(answer));
    offset = 0;
  }

  private URI location(Answer answer) {
    String text =
        answer.header("Location").orElseThrow(() -> broken(answer, "does not say where to upload"));
    return session.follow(answer.uri(), text);
  }

  private ProtocolProblem broken(Answer answer, String what) {
    String url = Urls.display(answer.uri());
    return new ProtocolProblem(
        doing + " failed: " + url + " " + what, List.of(new Attempt(url, what)), Optional.empty());
  }

  private UploadBody rest() {
    long from = offset;
    return new UploadBody(
        blob.size() - from,
        () -> source.open(from),
        sent -> listener.progress(from + sent, blob.size()));
  }

  private void patch() throws TransportFailure, InterruptedException {
    HttpCall call =
        HttpCall.of("PATCH", open.orElseThrow())
            .with("Content-Type", "application/octet-stream")
            .withBody(rest());
    if (offset > 0) {
      call = call.with("Content-Range", offset + "-" + (blob.size() - 1));
    }
    try (Answer answer = session.send(call)) {
      int status = answer.status();
      if (status == 202 || status == 201 || status == 204) {
        open = Optional.of(location(answer));
        offset =
            answer
                .header("Range")
                .map(ContentRange::uploaded)
                .orElse(OptionalLong.empty())
                .orElse(blob.size());
        if (offset != blob.size()) {
          throw lost(answer, "took " + offset + " of " + blob.size() + " bytes");
        }
        return;
      }
      if (status == 416 || (status == 404 && offset > 0)) {
        throw lost(answer, "does not continue the upload at byte " + offset);
      }
      if (status == 405 || status == 501 || status == 404 || status == 411) {
        patches = false;
        open = Optional.empty();
        throw lost(answer, "does not take uploads in parts");
      }
      throw session.problem(doing, answer);
    }
  }

  private static TransportFailure lost(Answer answer, String what) {
    return new TransportFailure(
        Kind.RESET,
        Urls.display(answer.uri()),
        Urls.authority(answer.uri()) + " " + what,
        Optional.empty());
  }

  private void close(boolean withContent) throws TransportFailure, InterruptedException, Refused {
    URI url = Urls.with(open.orElseThrow(), "digest", blob.digest().toString());
    HttpCall call =
        HttpCall.of("PUT", url)
            .with("Content-Type", "application/octet-stream")
            .withBody(withContent ? rest() : UploadBody.of(new byte[0]));
    try (Answer answer = session.send(call)) {
      int status = answer.status();
      if (status == 201 || status == 204 || status == 200) {
        open = Optional.empty();
        return;
      }
      RegistryException problem = session.problem(doing, answer);
      if (status == 400 || status == 416) {
        String shown = Urls.display(answer.uri());
        throw new Refused(
            new DigestMismatch(
                String.valueOf(problem.getMessage())
                    + "; the registry got other bytes than "
                    + blob.digest()
                    + " names",
                List.of(new Attempt(shown, "status " + status))));
      }
      if (status == 404) {
        open = Optional.empty();
        throw lost(answer, "forgot the upload");
      }
      throw problem;
    }
  }

  /** Asks how far the registry got; starts anew where it does not say. */
  private void resume() throws InterruptedException {
    if (open.isEmpty()) {
      offset = 0;
      return;
    }
    try (Answer answer = session.send(HttpCall.of("GET", open.get()))) {
      OptionalLong held =
          answer.header("Range").map(ContentRange::uploaded).orElse(OptionalLong.empty());
      boolean known = answer.status() == 204 || answer.status() == 200 || answer.status() == 202;
      // One byte is what "0-0" says, and also what some say for none: no base to go on.
      if (known && held.isPresent() && held.getAsLong() > 1 && held.getAsLong() <= blob.size()) {
        if (answer.header("Location").isPresent()) {
          open = Optional.of(location(answer));
        }
        offset = held.getAsLong();
        listener.progress(offset, blob.size());
        return;
      }
    } catch (TransportFailure e) {
      listener.retrying(0, java.time.Duration.ZERO, e.reason());
    }
    abandon();
    offset = 0;
  }

  /** Tells the registry that it may forget the upload. Its own clean-up does if this fails. */
  private void abandon() throws InterruptedException {
    if (open.isEmpty()) {
      return;
    }
    URI url = open.get();
    open = Optional.empty();
    try (Answer answer = session.send(HttpCall.of("DELETE", url))) {
      answer.readSome(session.context().config.limits().errorBytes());
    } catch (TransportFailure | RegistryException e) {
      System.getLogger(BlobUpload.class.getName())
          .log(System.Logger.Level.DEBUG, "an upload is left to the registry's clean-up", e);
    }
  }

  /** The registry says that the content does not fit the digest. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient RegistryException problem;

    Refused(RegistryException problem) {
      this.problem = problem;
    }
  }
}
