package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.ArchiveFormat;
import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.image.PushRequest;
import dev.kapal.image.RemoveResult;
import dev.kapal.image.SaveRequest;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarLimits;
import dev.kapal.image.tar.TarWriter;
import dev.kapal.linux.Linux;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import dev.kapal.oci.RootFs;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Images that are there for several platforms. */
class VariantsTest extends ScratchTest {
  private static final String NAME = "example.com/a/b:multi";
  private static final Platform HOST = Platform.host();
  private static final Platform OTHER = Platform.parse("linux/s390x");
  private static final Platform THIRD = Platform.parse("linux/ppc64le");

  private final FakeRegistry registry = new FakeRegistry();
  private final List<Digest> used = new ArrayList<>();

  @BeforeEach
  void images() throws IOException {
    List<Descriptor> entries = new ArrayList<>();
    for (Platform platform : List.of(OTHER, HOST)) {
      entries.add(image(platform).withPlatform(platform));
    }
    registry.tags.put("multi", registry.put(MediaTypes.INDEX, OciJson.write(Index.of(entries))));
  }

  /** One layer with one file, which says what it is for. */
  private Descriptor image(Platform platform) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    byte[] text = platform.toString().getBytes(StandardCharsets.UTF_8);
    tar.file(TarEntry.file("platform", text.length, 0644), text);
    tar.finish();
    Descriptor layer = registry.put(MediaTypes.LAYER, out.toByteArray());
    Descriptor config =
        registry.put(
            MediaTypes.CONFIG,
            OciJson.write(
                ImageConfig.of(
                    platform,
                    Instant.EPOCH,
                    "",
                    ContainerConfig.EMPTY,
                    RootFs.of(List.of(layer.digest())),
                    List.of())));
    return registry.put(MediaTypes.MANIFEST, OciJson.write(Manifest.of(config, List.of(layer))));
  }

  private LocalImages open() {
    return LocalImages.open(
        new LocalImagesConfig(
            root.resolve("store"),
            credentials -> registry,
            image -> used.contains(image) ? List.of("web") : List.of(),
            TarLimits.DEFAULT,
            Linux.system().descriptors(),
            Duration.ofDays(1)));
  }

  private static Image pull(LocalImages images, Platform platform) {
    return images.pull(PullRequest.of(NAME).withPlatform(platform), ProgressListener.SILENT);
  }

  @Test
  void eachIsFoundByThePlatform() {
    try (LocalImages images = open()) {
      Image host = pull(images, HOST);
      Image other = pull(images, OTHER);
      assertThat(other.names()).containsExactly(Reference.parse(NAME));
      assertThat(images.get(NAME)).isEqualTo(other);
      assertThat(images.variants(NAME))
          .extracting(Image::id)
          .containsExactly(other.id(), host.id());
      assertThat(images.get(NAME, HOST).id()).isEqualTo(host.id());
      assertThat(images.get(host.id().toString(), OTHER).id()).isEqualTo(other.id());
      assertThatThrownBy(() -> images.get(NAME, THIRD))
          .isInstanceOf(ImageException.NotFound.class)
          .hasMessageContaining("is here for " + OTHER + ", " + HOST + ", not for " + THIRD)
          .hasMessageContaining("--platform " + THIRD);
      assertThatThrownBy(() -> images.get("nothing", HOST))
          .isInstanceOf(ImageException.NotFound.class)
          .hasMessageContaining("no image \"nothing\" here");
      // The digest of the index means this machine's, whichever came last.
      Digest index = registry.tag("multi").digest();
      assertThat(images.get("example.com/a/b@" + index).id()).isEqualTo(host.id());
    }
  }

  @Test
  void whatIsHereIsNotPulledAgain() {
    try (LocalImages images = open()) {
      Image host = pull(images, HOST);
      Image other = pull(images, OTHER);
      registry.tags.clear();
      PullRequest missing = PullRequest.of(NAME).withPolicy(PullPolicy.MISSING);
      assertThat(images.pull(missing.withPlatform(HOST), ProgressListener.SILENT).id())
          .isEqualTo(host.id());
      assertThat(images.pull(missing, ProgressListener.SILENT).id()).isEqualTo(other.id());
      assertThat(images.suiting(NAME, HOST).id()).isEqualTo(host.id());
      assertThatThrownBy(() -> images.suiting(NAME, THIRD))
          .isInstanceOf(ImageException.NotFound.class);
    }
  }

  @Test
  void oneIsPushed() {
    FakeRegistry target = new FakeRegistry();
    registry.blobs.forEach(target.blobs::put);
    try (LocalImages images = open()) {
      Image host = pull(images, HOST);
      pull(images, OTHER);
      images.push(
          new PushRequest(
              images.get(NAME, HOST).id().toString(),
              Reference.parse("other.com/x:1"),
              CredentialSource.NONE),
          ProgressListener.SILENT);
      assertThat(registry.tag("1").digest()).isEqualTo(host.manifest().digest());
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneIsSavedUnderTheName(ArchiveFormat format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Image host;
    try (LocalImages images = open()) {
      host = pull(images, HOST);
      pull(images, OTHER);
      images.save(
          out, new SaveRequest(List.of(NAME), format, Optional.of(HOST)), ProgressListener.SILENT);
      ByteArrayOutputStream none = new ByteArrayOutputStream();
      assertThatThrownBy(() ->
              images.save(
                  none,
                  new SaveRequest(List.of(NAME), format, Optional.of(THIRD)),
                  ProgressListener.SILENT))
          .isInstanceOf(ImageException.NotFound.class);
      assertThat(none.size()).isZero();
    }
    try (LocalImages images = StoreFixture.open(root.resolve("two"))) {
      List<Image> loaded = load(images, out.toByteArray(), Optional.empty());
      assertThat(loaded).singleElement().extracting(Image::id).isEqualTo(host.id());
      assertThat(loaded.getFirst().names()).containsExactly(Reference.parse(NAME));
    }
  }

  private static List<Image> load(LocalImages images, byte[] archive, Optional<Platform> platform) {
    return images.load(new ByteArrayInputStream(archive), platform, ProgressListener.SILENT);
  }

  @ParameterizedTest
  @EnumSource
  void oneIsLoadedOfAnArchiveOfSeveral(ArchiveFormat format) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Image host;
    Image other;
    try (LocalImages images = open()) {
      host = pull(images, HOST);
      images.tag(NAME, Reference.parse("example.com/a/b:host"));
      other = pull(images, OTHER);
      images.save(
          out, SaveRequest.of(format, NAME, "example.com/a/b:host"), ProgressListener.SILENT);
    }
    try (LocalImages images = StoreFixture.open(root.resolve("two"))) {
      assertThat(load(images, out.toByteArray(), Optional.of(OTHER)))
          .singleElement()
          .extracting(Image::id)
          .isEqualTo(other.id());
      assertThat(images.list(ImageFilters.NONE)).hasSize(1);
      // What is here under another name does not get those of what is not loaded.
      assertThatThrownBy(() -> load(images, out.toByteArray(), Optional.of(THIRD)))
          .isInstanceOf(ImageException.Refused.class)
          .hasMessageContaining("no image for " + THIRD + ", only for")
          .hasMessageContaining(HOST.toString());
      assertThat(images.list(ImageFilters.NONE)).hasSize(1);
      assertThat(images.find("example.com/a/b:host")).isEmpty();
      assertThat(load(images, out.toByteArray(), Optional.of(HOST)))
          .singleElement()
          .extracting(Image::id)
          .isEqualTo(host.id());
      assertThat(images.get(NAME).id()).isEqualTo(other.id());
    }
  }

  @Test
  void anIndexInALayoutIsSearched() throws IOException {
    Path layout = root.resolve("layout");
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    for (var blob : registry.blobs.entrySet()) {
      Files.write(blobs.resolve(blob.getKey().hex()), blob.getValue());
    }
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Descriptor named =
        registry.tag("multi").withAnnotations(java.util.Map.of("io.containerd.image.name", NAME));
    Files.write(layout.resolve("index.json"), OciJson.write(Index.of(List.of(named))));
    try (LocalImages images = StoreFixture.open(root.resolve("two"))) {
      for (Platform platform : List.of(HOST, OTHER)) {
        List<Image> loaded = images.load(layout, Optional.of(platform), ProgressListener.SILENT);
        assertThat(loaded).singleElement().extracting(Image::platform).isEqualTo(platform);
        assertThat(images.get(NAME).platform()).isEqualTo(platform);
      }
      assertThatThrownBy(() -> images.load(layout, Optional.of(THIRD), ProgressListener.SILENT))
          .isInstanceOf(ImageException.Refused.class)
          .hasMessageContaining("only for " + OTHER + ", " + HOST);
      assertThat(images.load(layout, Optional.empty(), ProgressListener.SILENT))
          .singleElement()
          .extracting(Image::platform)
          .isEqualTo(HOST);
    }
  }

  @Test
  void oneIsRemovedAndTheNameGoesToAnother() {
    try (LocalImages images = open()) {
      Image host = pull(images, HOST);
      Image other = pull(images, OTHER);
      assertThatThrownBy(() -> images.remove(NAME, List.of(OTHER, THIRD), true))
          .isInstanceOf(ImageException.NotFound.class);
      assertThat(images.list(ImageFilters.NONE)).hasSize(2);
      RemoveResult first = images.remove(NAME, List.of(OTHER), false);
      assertThat(first.untagged()).isEmpty();
      assertThat(first.deleted()).containsExactly(other.id());
      assertThat(images.get(NAME).id()).isEqualTo(host.id());
      RemoveResult last = images.remove(NAME, List.of(HOST), false);
      assertThat(last.untagged()).containsExactly(Reference.parse(NAME));
      assertThat(last.deleted()).containsExactly(host.id());
      assertThat(images.content().list()).isEmpty();
    }
  }

  @Test
  void severalAreRemovedAtOnce() {
    try (LocalImages images = open()) {
      pull(images, HOST);
      pull(images, OTHER);
      assertThat(images.remove(NAME, List.of(OTHER, HOST, OTHER), false).deleted()).hasSize(2);
      assertThat(images.list(ImageFilters.NONE)).isEmpty();
      assertThat(images.content().list()).isEmpty();
    }
  }

  @Test
  void whatIsUsedStays() {
    try (LocalImages images = open()) {
      Image host = pull(images, HOST);
      Image other = pull(images, OTHER);
      used.add(other.id());
      assertThatThrownBy(() -> images.remove(NAME, List.of(HOST, OTHER), false))
          .isInstanceOf(ImageException.Conflict.class)
          .hasMessageContaining("web");
      assertThat(images.get(NAME).id()).isEqualTo(other.id());
      assertThat(images.list(ImageFilters.NONE)).hasSize(2);
      // By force its container keeps it, without a name.
      assertThat(images.remove(NAME, List.of(OTHER), true).deleted()).isEmpty();
      assertThat(images.get(NAME).id()).isEqualTo(host.id());
      assertThat(images.get(other.id().toString()).dangling()).isTrue();
    }
  }
}
