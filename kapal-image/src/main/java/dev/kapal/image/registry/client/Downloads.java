package dev.kapal.image.registry.client;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.BlobTarget;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.Cancelled;
import dev.kapal.image.registry.RegistryException.LocalFailure;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.MediaTypes;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * All downloads of a client: one per digest and target however many ask, and no more at a time than
 * the configuration allows.
 */
final class Downloads {
  private static final System.Logger LOG = System.getLogger(Downloads.class.getName());
  private static final long LEAVE_SECONDS = 5;

  private record Key(BlobTarget target, Digest digest) {}

  private final Context context;
  private final Semaphore places;
  private final Map<Key, Flight> flights = new HashMap<>(); // guarded by itself

  Downloads(Context context) {
    this.context = context;
    this.places = new Semaphore(context.config.maxDownloads(), true);
  }

  /** Downloads, or joins the download that is going on. */
  void fetch(
      CredentialSource source,
      RepositoryName repository,
      Descriptor blob,
      BlobTarget target,
      TransferListener listener) {
    Key key = new Key(target, blob.digest());
    while (true) {
      Flight flight;
      boolean mine = false;
      synchronized (flights) {
        Optional<Flight> known = Optional.ofNullable(flights.get(key));
        if (known.isEmpty()) {
          flight = new Flight(repository, source);
          flights.put(key, flight);
          mine = true;
        } else {
          flight = known.get();
        }
      }
      boolean joined = flight.join(listener);
      if (mine) {
        flight.start(() -> fly(flight, key, blob));
      }
      try {
        flight.done.get();
        if (joined) {
          return;
        }
      } catch (ExecutionException e) {
        // Another's failure counts for us if we would do the very same.
        boolean same = flight.repository.equals(repository) && flight.source.equals(source);
        if (joined && (mine || same)) {
          throw failure(e);
        }
      } catch (InterruptedException e) {
        if (joined) {
          leave(flight, listener);
        }
        Thread.currentThread().interrupt();
        throw new Cancelled("the download of " + blob.digest() + " was interrupted");
      }
    }
  }

  private static RegistryException failure(ExecutionException e) {
    return e.getCause() instanceof RegistryException known
        ? known
        : new LocalFailure("the download failed: " + e.getCause(), Optional.of(e));
  }

  /** The last one to leave waits until the sink is closed, for it may close the store next. */
  private static void leave(Flight flight, TransferListener listener) {
    if (!flight.leave(listener)) {
      return;
    }
    try {
      flight.done.get(LEAVE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void fly(Flight flight, Key key, Descriptor blob) {
    Optional<Throwable> failure = Optional.empty();
    try {
      download(flight, key.target, blob);
    } catch (InterruptedException e) {
      failure = Optional.of(new Cancelled("the download of " + key.digest + " was given up"));
    } catch (Throwable e) {
      failure = Optional.of(e);
    }
    synchronized (flights) {
      flights.remove(key, flight);
    }
    failure.ifPresentOrElse(flight.done::completeExceptionally, () -> flight.done.complete(blob));
  }

  private void download(Flight flight, BlobTarget target, Descriptor blob)
      throws InterruptedException {
    String doing = "downloading " + blob.digest() + " of " + flight.repository;
    places.acquire();
    try {
      Optional<BlobSink> sink = target.open(blob);
      if (sink.isEmpty()) {
        flight.progress(blob.size(), blob.size());
        return;
      }
      try (BlobSink open = sink.get()) {
        flight.progress(Math.min(open.size(), blob.size()), blob.size());
        download(flight, blob, open, doing);
      }
    } catch (IOException e) {
      throw new LocalFailure(doing + " failed on this machine: " + e.getMessage(), Optional.of(e));
    } finally {
      places.release();
    }
  }

  private void download(Flight flight, Descriptor blob, BlobSink sink, String doing)
      throws InterruptedException {
    BlobDownload download = new BlobDownload(context, blob, sink, flight, doing);
    try {
      if (foreign(flight, blob, download, doing)) {
        return;
      }
      new Across(context, flight.source)
          .pull(
              flight.repository,
              Capability.PULL,
              doing,
              (session, last) -> {
                download.from(session, session.url("blobs/" + blob.digest()), last);
                return blob;
              });
    } catch (Cancelled e) {
      // The sink is closed next, which an interrupted thread might not manage.
      boolean cleared = Thread.interrupted();
      LOG.log(System.Logger.Level.DEBUG, () -> doing + " was given up, interrupt: " + cleared);
      throw e;
    }
  }

  /**
   * Tries the URLs of a foreign layer, if that is allowed: without credentials, whatever they ask
   * for (CVE-2020-15157).
   */
  private boolean foreign(Flight flight, Descriptor blob, BlobDownload download, String doing)
      throws InterruptedException {
    if (!context.config.foreignLayers() || !MediaTypes.isForeign(blob.mediaType())) {
      return false;
    }
    for (String text : blob.urls()) {
      try {
        URI url = new URI(text);
        Session session = foreignSession(url);
        download.from(session, url, true);
        return true;
      } catch (URISyntaxException | TransportFailure e) {
        flight.retrying(1, java.time.Duration.ZERO, doing + " from " + text + " failed: " + e);
      } catch (RegistryException.NotFound | RegistryException.Unauthorized | ProtocolProblem e) {
        flight.retrying(1, java.time.Duration.ZERO, String.valueOf(e.getMessage()));
      }
    }
    return false;
  }

  private Session foreignSession(URI url) {
    if (!"https".equalsIgnoreCase(url.getScheme()) && !"http".equalsIgnoreCase(url.getScheme())) {
      throw new ProtocolProblem(
          "the layer's URL " + url.getScheme() + ":… is neither http nor https",
          java.util.List.of(new Attempt(url.getScheme() + ":…", "not http")),
          Optional.empty());
    }
    return Session.anonymous(context, url);
  }
}
