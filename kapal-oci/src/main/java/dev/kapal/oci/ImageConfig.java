package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The configuration of an image (image-spec "Image Configuration"). Its digest is the image's id.
 * What is stored is always the document's own bytes; this is what Kapal understands of them.
 *
 * @param created when the image was made
 * @param author by whom
 * @param architecture processor in Go's names
 * @param os operating system in Go's names
 * @param variant version of the processor
 * @param osVersion version of the operating system
 * @param osFeatures what the operating system must have
 * @param config what a container starts with
 * @param rootfs the layers
 * @param history how the layers came to be, base first
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ImageConfig(
    Optional<Instant> created,
    String author,
    @JsonInclude(JsonInclude.Include.ALWAYS) String architecture,
    @JsonInclude(JsonInclude.Include.ALWAYS) String os,
    String variant,
    @JsonProperty("os.version") String osVersion,
    @JsonProperty("os.features") List<String> osFeatures,
    @JsonInclude(JsonInclude.Include.ALWAYS) ContainerConfig config,
    @JsonInclude(JsonInclude.Include.ALWAYS) RootFs rootfs,
    List<HistoryEntry> history) {
  /** Fills in what is left out, and copies. */
  @SuppressWarnings("ConstantValue") // Jackson passes null for what the document leaves out
  public ImageConfig {
    created = Copies.optional(created);
    author = Copies.text(author);
    architecture = Copies.text(architecture);
    os = Copies.text(os);
    variant = Copies.text(variant);
    osVersion = Copies.text(osVersion);
    osFeatures = Copies.list(osFeatures);
    config = config == null ? ContainerConfig.EMPTY : config;
    rootfs = rootfs == null ? RootFs.of(List.of()) : rootfs;
    history = Copies.list(history);
  }

  /** A configuration for an image made here. */
  public static ImageConfig of(
      Platform platform,
      Instant created,
      String author,
      ContainerConfig config,
      RootFs rootfs,
      List<HistoryEntry> history) {
    return new ImageConfig(
        Optional.of(created),
        author,
        platform.architecture(),
        platform.os(),
        platform.variant(),
        platform.osVersion(),
        platform.osFeatures(),
        config,
        rootfs,
        history);
  }

  /** What the image runs on. */
  @JsonIgnore
  public Platform platform() {
    return new Platform(os, architecture, variant, osVersion, osFeatures).normalised();
  }
}
