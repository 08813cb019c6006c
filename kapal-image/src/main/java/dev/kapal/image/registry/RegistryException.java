package dev.kapal.image.registry;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Why a registry did not give, or take, what was asked.
 *
 * <p>The message is a sentence for a person: what was tried, on which URL, why it failed, what to
 * do. {@link #attempts()} holds one entry per endpoint (mirrors first, the server last) when more
 * than one was tried. No message ever holds a password or a token.
 */
public abstract sealed class RegistryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** One endpoint that was tried: the URL (no user info, no query secrets) and why it failed. */
  public record Attempt(String url, String reason) {}

  private final transient List<Attempt> attempts;

  private RegistryException(String message, List<Attempt> attempts, Optional<Throwable> cause) {
    super(message, cause.orElse(null));
    this.attempts = List.copyOf(attempts);
  }

  /** The endpoints tried, in order; never empty where a request was made. */
  public List<Attempt> attempts() {
    return attempts;
  }

  /** The same failure with the story of the endpoints tried before it. */
  public abstract RegistryException withAttempts(List<Attempt> others);

  final List<Attempt> with(List<Attempt> others) {
    return Stream.concat(others.stream(), attempts.stream()).toList();
  }

  final String tell(List<Attempt> others) {
    String message = String.valueOf(getMessage());
    if (others.isEmpty()) {
      return message;
    }
    return message
        + " (also tried: "
        + others.stream().map(a -> a.url() + ": " + a.reason()).collect(Collectors.joining("; "))
        + ")";
  }

  /** The repository, manifest, tag or blob is not there (404). */
  public static final class NotFound extends RegistryException {
    private static final long serialVersionUID = 1L;

    public NotFound(String message, List<Attempt> attempts) {
      super(message, attempts, Optional.empty());
    }

    @Override
    public NotFound withAttempts(List<Attempt> others) {
      return new NotFound(tell(others), with(others));
    }
  }

  /** The registry wants credentials, or does not accept these (401, 403). */
  public static final class Unauthorized extends RegistryException {
    private static final long serialVersionUID = 1L;

    public Unauthorized(String message, List<Attempt> attempts) {
      super(message, attempts, Optional.empty());
    }

    @Override
    public Unauthorized withAttempts(List<Attempt> others) {
      return new Unauthorized(tell(others), with(others));
    }
  }

  /** No answer: name unknown, connection refused or reset, time-out, or the server fails (5xx). */
  public static final class Unreachable extends RegistryException {
    private static final long serialVersionUID = 1L;

    public Unreachable(String message, List<Attempt> attempts, Optional<Throwable> cause) {
      super(message, attempts, cause);
    }

    @Override
    public Unreachable withAttempts(List<Attempt> others) {
      return new Unreachable(tell(others), with(others), Optional.ofNullable(getCause()));
    }
  }

  /** The TLS handshake failed; the message names the file to add or the setting to change. */
  public static final class TlsProblem extends RegistryException {
    private static final long serialVersionUID = 1L;

    public TlsProblem(String message, List<Attempt> attempts, Optional<Throwable> cause) {
      super(message, attempts, cause);
    }

    @Override
    public TlsProblem withAttempts(List<Attempt> others) {
      return new TlsProblem(tell(others), with(others), Optional.ofNullable(getCause()));
    }
  }

  /** The answer breaks the protocol, or one of our limits, or is a format we do not take. */
  public static final class ProtocolProblem extends RegistryException {
    private static final long serialVersionUID = 1L;

    public ProtocolProblem(String message, List<Attempt> attempts, Optional<Throwable> cause) {
      super(message, attempts, cause);
    }

    @Override
    public ProtocolProblem withAttempts(List<Attempt> others) {
      return new ProtocolProblem(tell(others), with(others), Optional.ofNullable(getCause()));
    }
  }

  /** The bytes received are not the bytes the digest names. */
  public static final class DigestMismatch extends RegistryException {
    private static final long serialVersionUID = 1L;

    public DigestMismatch(String message, List<Attempt> attempts) {
      super(message, attempts, Optional.empty());
    }

    @Override
    public DigestMismatch withAttempts(List<Attempt> others) {
      return new DigestMismatch(tell(others), with(others));
    }
  }

  /** The registry limits our rate (429) and went on doing so while we backed off. */
  public static final class TooManyRequests extends RegistryException {
    private static final long serialVersionUID = 1L;
    private final transient Optional<Duration> retryAfter;

    public TooManyRequests(String message, List<Attempt> attempts, Optional<Duration> retryAfter) {
      super(message, attempts, Optional.empty());
      this.retryAfter = retryAfter;
    }

    /** What the registry asked us to wait, if it said. */
    public Optional<Duration> retryAfter() {
      return retryAfter;
    }

    @Override
    public TooManyRequests withAttempts(List<Attempt> others) {
      return new TooManyRequests(tell(others), with(others), retryAfter);
    }
  }

  /** A configuration file (hosts.toml, config.json, a certificate) cannot be used. */
  public static final class BadConfiguration extends RegistryException {
    private static final long serialVersionUID = 1L;

    public BadConfiguration(String message, Optional<Throwable> cause) {
      super(message, List.of(), cause);
    }

    @Override
    public BadConfiguration withAttempts(List<Attempt> others) {
      return this;
    }
  }

  /** This side failed: the disk is full, the store cannot be written, a source cannot be read. */
  public static final class LocalFailure extends RegistryException {
    private static final long serialVersionUID = 1L;

    public LocalFailure(String message, Optional<Throwable> cause) {
      super(message, List.of(), cause);
    }

    @Override
    public LocalFailure withAttempts(List<Attempt> others) {
      return this;
    }
  }

  /** The caller went away (its thread was interrupted). What was received is kept for a resume. */
  public static final class Cancelled extends RegistryException {
    private static final long serialVersionUID = 1L;

    public Cancelled(String message) {
      super(message, List.of(), Optional.empty());
    }

    @Override
    public Cancelled withAttempts(List<Attempt> others) {
      return this;
    }
  }
}
