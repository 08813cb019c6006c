package dev.kapal.image.local;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.image.unpack.Decoder;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Document;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Index;
import dev.kapal.oci.InvalidReferenceException;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes images of an archive's content: image-spec "Image Layout", and {@code docker save}'s. */
final class ArchiveLoader {
  private static final String IMAGE_NAME = "io.containerd.image.name";
  private final StoreParts parts;
  private final Installer installer;

  ArchiveLoader(StoreParts parts, Installer installer) {
    this.parts = parts;
    this.installer = installer;
  }

  /** One line of {@code manifest.json}. */
  record DockerImage(
      @JsonProperty("Config") @Nullable String config,
      @JsonProperty("RepoTags") @Nullable List<String> repoTags,
      @JsonProperty("Layers") @Nullable List<String> layers) {}

  /** Which platform is to be loaded, if one was named, and what else the archive holds. */
  private record Wanted(Optional<Platform> platform, Set<String> others) {
    boolean takes(Platform offered) {
      boolean takes = platform.map(p -> p.same(offered)).orElse(true);
      if (!takes) {
        others.add(offered.toString());
      }
      return takes;
    }
  }

  List<Image> load(
      ArchiveContent archive, Optional<Platform> platform, Lease lease, ProgressListener progress) {
    Wanted wanted = new Wanted(platform, new LinkedHashSet<>());
    Optional<byte[]> index = archive.file("index.json");
    Optional<byte[]> docker = archive.file("manifest.json");
    List<Image> images;
    if (index.isPresent()) {
      images = loadLayout(archive, OciJson.read(index.get(), Index.class), wanted, lease, progress);
      Set<Digest> ids = images.stream().map(Image::id).collect(Collectors.toSet());
      docker.ifPresent(list -> addNames(archive, list, ids));
      images = images.stream().map(image -> parts.image(parts.entry(image.id()))).toList();
    } else if (docker.isPresent()) {
      images = new ArrayList<>();
      for (DockerImage each : OciJson.read(docker.get(), DockerImage[].class)) {
        loadDocker(archive, each, wanted, lease, progress).ifPresent(images::add);
      }
    } else {
      throw new ImageException.Refused(
          "the archive has neither an index.json nor a manifest.json, so it holds no image:"
              + " to make one of a root file system use import");
    }
    if (images.isEmpty()) {
      throw new ImageException.Refused(
          "the archive holds no image for "
              + platform.orElse(Platform.host())
              + (wanted.others().isEmpty()
                  ? ""
                  : ", only for " + String.join(", ", wanted.others())));
    }
    return List.copyOf(images);
  }

  private List<Image> loadLayout(
      ArchiveContent archive, Index index, Wanted wanted, Lease lease, ProgressListener progress) {
    Map<Descriptor, List<Reference>> byManifest = new LinkedHashMap<>();
    for (Descriptor entry : index.manifests()) {
      Optional<Reference> name = name(entry.annotations());
      choose(archive, entry, wanted, 0)
          .ifPresent(manifest ->
              name.ifPresentOrElse(
                  n -> byManifest.computeIfAbsent(manifest, m -> new ArrayList<>()).add(n),
                  () -> byManifest.putIfAbsent(manifest, new ArrayList<>())));
    }
    List<Image> images = new ArrayList<>();
    byManifest.forEach((descriptor, names) -> {
      byte[] raw = parts.content().read(descriptor.digest());
      Manifest manifest = OciJson.read(raw, Manifest.class);
      String mediaType = manifest.mediaType().orElse(MediaTypes.MANIFEST);
      images.add(
          install(
              archive,
              new Descriptor(mediaType, descriptor.digest(), raw.length),
              manifest,
              names,
              lease,
              progress));
    });
    return images;
  }

  /** The manifest that an entry of an index leads to, if there is one that is an image. */
  private Optional<Descriptor> choose(
      ArchiveContent archive, Descriptor entry, Wanted wanted, int depth) {
    if (depth > 3 || !archive.offers(entry.digest())) {
      return Optional.empty();
    }
    if (!MediaTypes.isIndex(entry.mediaType()) && !MediaTypes.isManifest(entry.mediaType())) {
      return Optional.empty();
    }
    archive.need(entry.digest());
    Document document =
        OciJson.readDocument(parts.content().read(entry.digest()), Optional.of(entry.mediaType()));
    return switch (document) {
      case Manifest manifest ->
          MediaTypes.isConfig(manifest.config().mediaType())
                  && (wanted.platform().isEmpty()
                      || wanted.takes(config(archive, manifest).platform()))
              ? Optional.of(new Descriptor(entry.mediaType(), entry.digest(), entry.size()))
              : Optional.empty();
      case Index index -> {
        List<Descriptor> offered =
            index.manifests().stream().filter(m -> archive.offers(m.digest())).toList();
        if (wanted.platform().isPresent()) {
          yield offered.stream()
              .filter(m -> m.platform().map(wanted::takes).orElse(true))
              .flatMap(m -> choose(archive, m, wanted, depth + 1).stream())
              .findFirst();
        }
        yield Platform.host()
            .choose(offered)
            .or(() -> offered.size() == 1 ? Optional.of(offered.get(0)) : Optional.empty())
            .flatMap(chosen -> choose(archive, chosen, wanted, depth + 1));
      }
    };
  }

  /** Names are given in full by containerd, Docker and Kapal; others write what they like. */
  private static Optional<Reference> name(Map<String, String> annotations) {
    String full = annotations.getOrDefault(IMAGE_NAME, "");
    String ref = annotations.getOrDefault(Descriptor.REF_NAME, "");
    String text = full.isEmpty() ? ref : full;
    if (text.isEmpty() || (text.indexOf('/') < 0 && text.indexOf(':') < 0)) {
      return Optional.empty();
    }
    try {
      return Optional.of(named(text, Reference.LOCALHOST));
    } catch (InvalidReferenceException _) {
      return Optional.empty();
    }
  }

  private static Reference named(String text, String domain) {
    Reference name = Reference.parse(text, domain);
    return new Reference(name.domain(), name.path(), name.tag(), Optional.empty()).tagged();
  }

  /** The configuration of an image that the archive brings or that was here before. */
  private ImageConfig config(ArchiveContent archive, Manifest manifest) {
    Digest id = manifest.config().digest();
    if (archive.offers(id) && !parts.content().has(id)) {
      archive.need(id);
    }
    return parts.config(id);
  }

  private void addNames(ArchiveContent archive, byte[] list, Set<Digest> loaded) {
    for (DockerImage each : OciJson.read(list, DockerImage[].class)) {
      if (each.config() == null || each.repoTags() == null) {
        continue;
      }
      List<Reference> names =
          each.repoTags().stream().map(t -> named(t, Reference.DOCKER_IO)).toList();
      archive
          .blobAt(each.config())
          .filter(config -> loaded.contains(config.digest()))
          .flatMap(config -> parts.catalogue().find(config.digest()))
          .ifPresent(entry ->
              parts
                  .catalogue()
                  .put(
                      new CatalogueEntry(
                          entry.id(),
                          entry.manifest(),
                          names,
                          List.of(),
                          entry.size(),
                          entry.stored())));
    }
  }

  private Optional<Image> loadDocker(
      ArchiveContent archive,
      DockerImage image,
      Wanted wanted,
      Lease lease,
      ProgressListener progress) {
    if (image.config() == null || image.layers() == null) {
      throw new ImageException.Refused("the archive's manifest.json names no config or layers");
    }
    Descriptor config = dockerFile(archive, image.config(), MediaTypes.CONFIG);
    if (wanted.platform().isPresent() && !wanted.takes(parts.config(config.digest()).platform())) {
      return Optional.empty();
    }
    List<Descriptor> layers = new ArrayList<>();
    for (String layer : image.layers()) {
      Descriptor blob = dockerFile(archive, layer, MediaTypes.LAYER);
      layers.add(new Descriptor(layerType(blob), blob.digest(), blob.size()));
    }
    Manifest manifest = Manifest.of(config, layers);
    Descriptor stored = parts.content().put(MediaTypes.MANIFEST, OciJson.write(manifest));
    lease.add(stored.digest());
    List<Reference> names =
        image.repoTags() == null
            ? List.of()
            : image.repoTags().stream().map(t -> named(t, Reference.DOCKER_IO)).toList();
    return Optional.of(install(archive, stored, manifest, names, lease, progress));
  }

  private static Descriptor dockerFile(ArchiveContent archive, String path, String mediaType) {
    Descriptor found =
        archive
            .blobAt(path)
            .orElseThrow(
                () -> new ImageException.Refused("the archive lacks its file \"" + path + "\""));
    return new Descriptor(mediaType, found.digest(), found.size());
  }

  private String layerType(Descriptor blob) {
    try (InputStream in = parts.content().open(blob.digest())) {
      byte[] first = in.readNBytes(6);
      return switch (Decoder.detect(first, first.length)) {
        case PLAIN -> MediaTypes.LAYER;
        case GZIP -> MediaTypes.LAYER_GZIP;
        case ZSTD -> MediaTypes.LAYER_ZSTD;
      };
    } catch (IOException e) {
      throw new ImageException.Failed("cannot read a layer: " + e.getMessage(), e);
    }
  }

  private Image install(
      ArchiveContent archive,
      Descriptor descriptor,
      Manifest manifest,
      List<Reference> names,
      Lease lease,
      ProgressListener progress) {
    String what = names.isEmpty() ? descriptor.digest().toString() : names.get(0).familiar();
    Installer.checkConfig(manifest, what);
    ImageConfig config = config(archive, manifest);
    Installer.check(manifest, config, what);
    for (Descriptor layer : manifest.layers()) {
      if (!parts.content().has(layer.digest())) {
        archive.need(layer.digest());
      }
    }
    List<LayerMeta> layers =
        installer.unpack(LayerSpec.of(manifest, config), Optional.empty(), lease, progress);
    return installer.register(descriptor, manifest, layers, names, List.of());
  }
}
