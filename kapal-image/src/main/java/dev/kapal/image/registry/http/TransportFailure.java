package dev.kapal.image.registry.http;

import java.io.IOException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.Optional;

/**
 * A request got no usable answer. Internal to the client; callers see {@code RegistryException}.
 */
public final class TransportFailure extends IOException {
  private static final long serialVersionUID = 1L;

  /** What went wrong, as far as it changes what we do next. */
  public enum Kind {
    /** The name is not known. */
    UNKNOWN_HOST,
    /** Nobody listens, or no route. */
    REFUSED,
    /** No connection, or no answer, in time. */
    TIMEOUT,
    /** The transfer made no progress for too long. */
    STALLED,
    /** The connection broke, or ended too early. */
    RESET,
    /** The certificate is not one we trust, or the handshake failed in another way. */
    TLS,
    /** We spoke TLS and got plain text. */
    PLAIN_TEXT,
    /** The answer is not HTTP as we accept it. */
    PROTOCOL,
    /** The server asks us to come back later (429, 5xx of a token server). */
    BUSY,
    /** The proxy refuses. */
    PROXY
  }

  private final Kind kind;
  private final String url;
  private final int status;
  private final transient Optional<Duration> retryAfter;

  public TransportFailure(Kind kind, String url, String reason, Optional<Throwable> cause) {
    super(reason, cause.orElse(null));
    this.kind = kind;
    this.url = url;
    this.status = 0;
    this.retryAfter = Optional.empty();
  }

  private TransportFailure(String url, String reason, int status, Optional<Duration> retryAfter) {
    super(reason);
    this.kind = Kind.BUSY;
    this.url = url;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The server answered, but asks us to come back later. */
  public static TransportFailure busy(Answer answer) {
    return new TransportFailure(
        Urls.display(answer.uri()),
        Urls.authority(answer.uri()) + " answers with status " + answer.status(),
        answer.status(),
        answer.header("Retry-After").flatMap(RetryAfter::parse));
  }

  /** Whether the server limits our rate (429). */
  public boolean tooMany() {
    return status == 429;
  }

  /** What the server asks us to wait. */
  public Optional<Duration> retryAfter() {
    return retryAfter;
  }

  public Kind kind() {
    return kind;
  }

  /** What was asked, fit for a message. */
  public String url() {
    return url;
  }

  /** The reason in words. */
  public String reason() {
    return String.valueOf(getMessage());
  }

  /** Whether the same request may succeed a little later. */
  public boolean temporary() {
    return switch (kind) {
      case REFUSED, TIMEOUT, STALLED, RESET, UNKNOWN_HOST, BUSY -> true;
      case TLS, PLAIN_TEXT, PROTOCOL, PROXY -> false;
    };
  }

  /** Whether a server without TLS would fail like this: some answer, some hang up, some wait. */
  public boolean mayMeanNoTls() {
    return kind == Kind.PLAIN_TEXT
        || kind == Kind.RESET
        || getCause() instanceof HttpConnectTimeoutException;
  }

  /** Whether no connection came about at all. */
  public boolean noConnection() {
    return kind == Kind.REFUSED || kind == Kind.UNKNOWN_HOST;
  }
}
