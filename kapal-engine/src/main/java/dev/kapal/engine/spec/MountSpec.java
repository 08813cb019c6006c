package dev.kapal.engine.spec;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One mount of a container.
 *
 * @param type what is mounted
 * @param source BIND: absolute path on the host; VOLUME: the volume's name, empty: an anonymous
 *     one; IMAGE: an image's reference or ID; TMPFS: empty
 * @param target absolute path inside
 * @param readOnly cannot be written through this mount
 * @param recursiveReadOnly with readOnly: mounts below it neither (mount_setattr(2) AT_RECURSIVE)
 * @param propagation {@code rprivate}, {@code private}, {@code rshared}, {@code shared}, {@code
 *     rslave}, {@code slave}; empty: rprivate
 * @param nonRecursive BIND: mounts below the source are not taken along
 * @param createSource BIND: a missing source directory is made ({@code -v}); otherwise it is an
 *     error ({@code --mount})
 * @param noCopy VOLUME: an empty volume is not filled from the image
 * @param subpath VOLUME, IMAGE: mounts only this path of it
 * @param tmpfsSize TMPFS: bytes
 * @param tmpfsMode TMPFS: permission bits of the root
 * @param options more mount options ({@code noexec}; TMPFS also {@code uid=…})
 * @param volumeOptions VOLUME: driver options if the volume is made for this mount
 * @param volumeLabels VOLUME: labels if the volume is made for this mount
 * @param anonymous VOLUME: without a name given; set by the engine once it has made one up
 * @param uidMappings BIND, IMAGE: files of the host's ids are shown with others (id-mapped mount)
 * @param gidMappings as uidMappings
 */
public record MountSpec(
    Type type,
    String source,
    String target,
    boolean readOnly,
    boolean recursiveReadOnly,
    Optional<String> propagation,
    boolean nonRecursive,
    boolean createSource,
    boolean noCopy,
    Optional<String> subpath,
    OptionalLong tmpfsSize,
    OptionalInt tmpfsMode,
    List<String> options,
    Map<String, String> volumeOptions,
    Map<String, String> volumeLabels,
    boolean anonymous,
    List<NamespaceSpec.IdMapping> uidMappings,
    List<NamespaceSpec.IdMapping> gidMappings) {

  /** Kinds of mount. */
  public enum Type {
    BIND,
    VOLUME,
    TMPFS,
    /** The files of an image, read-only. */
    IMAGE
  }

  public MountSpec {
    Checks.absolute(target, "mount target");
    if (target.matches("/+")) {
      throw new IllegalArgumentException(
          "a mount cannot replace the root directory: name a path below /");
    }
    switch (type) {
      case BIND -> Checks.absolute(source, "bind source");
      case VOLUME -> {
        if (!source.isEmpty()) {
          Checks.name(source, "volume name");
        }
      }
      case IMAGE -> Checks.notBlank(source, "image");
      case TMPFS -> {
        if (!source.isEmpty()) {
          throw new IllegalArgumentException("a tmpfs mount has no source");
        }
      }
    }
    propagation.ifPresent(p -> {
      if (!List.of("rprivate", "private", "rshared", "shared", "rslave", "slave").contains(p)) {
        throw new IllegalArgumentException("mount propagation \"" + p + "\" is not known");
      }
      if (type == Type.TMPFS) {
        throw new IllegalArgumentException("a tmpfs mount has no propagation");
      }
    });
    options = List.copyOf(options);
    uidMappings = uidMappings == null ? List.of() : List.copyOf(uidMappings);
    gidMappings = gidMappings == null ? List.of() : List.copyOf(gidMappings);
    for (String option : options) {
      // What changes how or where it is mounted has words of its own.
      if (!option.matches("[a-z_]+(=[^,\\s]*)?")) {
        throw new IllegalArgumentException("mount option \"" + option + "\" is not valid");
      }
    }
    volumeOptions = Checks.ordered(volumeOptions);
    volumeLabels = Checks.ordered(volumeLabels);
  }

  /** This, with a source. */
  public MountSpec withSource(String source) {
    return copy(source, readOnly, anonymous);
  }

  /** This, as an anonymous volume. */
  public MountSpec withAnonymous() {
    return copy(source, readOnly, true);
  }

  /** This, not to be written. */
  public MountSpec withReadOnly() {
    return copy(source, true, anonymous);
  }

  private MountSpec copy(String source, boolean readOnly, boolean anonymous) {
    return new MountSpec(
        type,
        source,
        target,
        readOnly,
        recursiveReadOnly,
        propagation,
        nonRecursive,
        createSource,
        noCopy,
        subpath,
        tmpfsSize,
        tmpfsMode,
        options,
        volumeOptions,
        volumeLabels,
        anonymous,
        uidMappings,
        gidMappings);
  }

  /** The files of an image, or of a path in it, read-only. */
  public static Builder image(String reference, String target) {
    return new Builder(Type.IMAGE, reference, target).readOnly(true);
  }

  public static Builder bind(String source, String target) {
    return new Builder(Type.BIND, source, target);
  }

  public static Builder volume(String name, String target) {
    return new Builder(Type.VOLUME, name, target);
  }

  public static Builder anonymous(String target) {
    return new Builder(Type.VOLUME, "", target);
  }

  public static Builder tmpfs(String target) {
    return new Builder(Type.TMPFS, "", target);
  }

  /** Collects a {@link MountSpec}. Not thread-safe. */
  public static final class Builder {
    private final Type type;
    private final String source;
    private final String target;
    private boolean readOnly;
    private boolean recursiveReadOnly;
    private Optional<String> propagation = Optional.empty();
    private boolean nonRecursive;
    private boolean createSource;
    private boolean noCopy;
    private Optional<String> subpath = Optional.empty();
    private OptionalLong tmpfsSize = OptionalLong.empty();
    private OptionalInt tmpfsMode = OptionalInt.empty();
    private List<String> options = List.of();
    private Map<String, String> volumeOptions = Map.of();
    private Map<String, String> volumeLabels = Map.of();
    private List<NamespaceSpec.IdMapping> uidMappings = List.of();
    private List<NamespaceSpec.IdMapping> gidMappings = List.of();

    private Builder(Type type, String source, String target) {
      this.type = type;
      this.source = source;
      this.target = target;
    }

    public Builder readOnly(boolean on) {
      this.readOnly = on;
      return this;
    }

    public Builder recursiveReadOnly(boolean on) {
      this.recursiveReadOnly = on;
      return this;
    }

    public Builder propagation(String propagation) {
      this.propagation = Optional.of(propagation);
      return this;
    }

    public Builder nonRecursive(boolean on) {
      this.nonRecursive = on;
      return this;
    }

    public Builder createSource(boolean on) {
      this.createSource = on;
      return this;
    }

    public Builder noCopy(boolean on) {
      this.noCopy = on;
      return this;
    }

    public Builder subpath(String subpath) {
      this.subpath = Optional.of(subpath);
      return this;
    }

    public Builder tmpfsSize(long bytes) {
      this.tmpfsSize = OptionalLong.of(bytes);
      return this;
    }

    public Builder tmpfsMode(int mode) {
      this.tmpfsMode = OptionalInt.of(mode);
      return this;
    }

    public Builder options(List<String> options) {
      this.options = options;
      return this;
    }

    public Builder volumeOptions(Map<String, String> options) {
      this.volumeOptions = options;
      return this;
    }

    public Builder volumeLabels(Map<String, String> labels) {
      this.volumeLabels = labels;
      return this;
    }

    public Builder idMappings(
        List<NamespaceSpec.IdMapping> uids, List<NamespaceSpec.IdMapping> gids) {
      this.uidMappings = uids;
      this.gidMappings = gids;
      return this;
    }

    public MountSpec build() {
      return new MountSpec(
          type,
          source,
          target,
          readOnly,
          recursiveReadOnly,
          propagation,
          nonRecursive,
          createSource,
          noCopy,
          subpath,
          tmpfsSize,
          tmpfsMode,
          options,
          volumeOptions,
          volumeLabels,
          false,
          uidMappings,
          gidMappings);
    }
  }
}
