package dev.kapal.image;

import dev.kapal.oci.Digest;
import java.util.List;
import java.util.Optional;

/**
 * Why something could not be done with an image. The message is a sentence for a person: what was
 * tried, on what, why it failed, what to do. Nothing has changed unless the subclass says so. What
 * a registry refuses is a {@link dev.kapal.image.registry.RegistryException}; names that break the
 * grammar are a {@link dev.kapal.oci.OciException}.
 */
public abstract sealed class ImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private ImageException(String message, Optional<Throwable> cause) {
    super(message, cause.orElse(null));
  }

  /** No image has this name or id. */
  public static final class NotFound extends ImageException {
    private static final long serialVersionUID = 1L;

    public NotFound(String message) {
      super(message, Optional.empty());
    }
  }

  /** The beginning of an id fits several images. */
  public static final class Ambiguous extends ImageException {
    private static final long serialVersionUID = 1L;
    private final transient List<Digest> candidates;

    public Ambiguous(String message, List<Digest> candidates) {
      super(message, Optional.empty());
      this.candidates = List.copyOf(candidates);
    }

    /** The images that it fits. */
    public List<Digest> candidates() {
      return candidates;
    }
  }

  /** The image or snapshot is needed by something else, or there is one of that name already. */
  public static final class Conflict extends ImageException {
    private static final long serialVersionUID = 1L;

    public Conflict(String message) {
      super(message, Optional.empty());
    }
  }

  /** An image, archive or layer holds something that is malformed or that attacks the host. */
  public static final class Refused extends ImageException {
    private static final long serialVersionUID = 1L;

    public Refused(String message) {
      super(message, Optional.empty());
    }

    public Refused(String message, Throwable cause) {
      super(message, Optional.of(cause));
    }
  }

  /** The request itself makes no sense. */
  public static final class BadRequest extends ImageException {
    private static final long serialVersionUID = 1L;

    public BadRequest(String message) {
      super(message, Optional.empty());
    }
  }

  /** Content in the store is missing or is not what its digest says: {@code check} mends it. */
  public static final class Damaged extends ImageException {
    private static final long serialVersionUID = 1L;

    public Damaged(String message) {
      super(message, Optional.empty());
    }
  }

  /** This machine failed: disk full, permission, input that ended early. */
  public static final class Failed extends ImageException {
    private static final long serialVersionUID = 1L;

    public Failed(String message, Throwable cause) {
      super(message, Optional.of(cause));
    }
  }
}
