package dev.kapal.image.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.ImageFilters;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.image.PushRequest;
import dev.kapal.image.SnapshotOptions;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.tar.TarEntry;
import dev.kapal.image.tar.TarType;
import dev.kapal.image.tar.TarWriter;
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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PullTest extends ScratchTest {
  private final FakeRegistry registry = new FakeRegistry();
  private final List<Digest> layers = new ArrayList<>();

  @BeforeEach
  void images() throws IOException {
    registry.tags.put("latest", image("one"));
    Descriptor arm =
        new Descriptor(MediaTypes.MANIFEST, Digest.sha256(new byte[] {1}), 5)
            .withPlatform(Platform.parse("linux/s390x"));
    Descriptor host = registry.tag("latest").withPlatform(Platform.host());
    registry.tags.put(
        "multi", registry.put(MediaTypes.INDEX, OciJson.write(Index.of(List.of(arm, host)))));
    registry.tags.put(
        "none", registry.put(MediaTypes.INDEX, OciJson.write(Index.of(List.of(arm)))));
  }

  /** Three layers; the second links to a file of the first and adds to an undescribed folder. */
  private Descriptor image(String seed) throws IOException {
    byte[] random = new byte[400_000];
    new Random(seed.hashCode()).nextBytes(random);
    List<byte[]> tars = new ArrayList<>();
    tars.add(
        tar(tar -> {
          tar.begin(TarEntry.directory("dir/", 01711));
          tar.file(TarEntry.file("dir/big", random.length, 04755), random);
        }));
    tars.add(
        tar(tar -> {
          tar.begin(TarEntry.link(TarType.HARD_LINK, "copy", "dir/big"));
          byte[] text = seed.getBytes(StandardCharsets.UTF_8);
          tar.file(TarEntry.file("dir/more", text.length, 0600), text);
        }));
    tars.add(tar(tar -> tar.begin(TarEntry.file("dir/.wh.more", 0, 0))));
    List<Descriptor> blobs = new ArrayList<>();
    List<Digest> diffs = new ArrayList<>();
    for (byte[] plain : tars) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(plain);
      }
      diffs.add(Digest.sha256(plain));
      blobs.add(registry.put(MediaTypes.LAYER_GZIP, out.toByteArray()));
      layers.add(blobs.getLast().digest());
    }
    Descriptor config =
        registry.put(
            MediaTypes.CONFIG,
            OciJson.write(
                ImageConfig.of(
                    Platform.host(),
                    Instant.EPOCH,
                    seed,
                    ContainerConfig.EMPTY,
                    RootFs.of(diffs),
                    List.of())));
    return registry.put(MediaTypes.MANIFEST, OciJson.write(Manifest.of(config, blobs)));
  }

  @FunctionalInterface
  private interface Script {
    void to(TarWriter tar) throws IOException;
  }

  private static byte[] tar(Script script) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    script.to(tar);
    tar.finish();
    return out.toByteArray();
  }

  private void complete(LocalImages images, Image image) throws IOException {
    List<Path> lower =
        images
            .snapshots()
            .prepare("c" + System.nanoTime(), image, SnapshotOptions.NONE)
            .lowerDirs();
    assertThat(lower).hasSize(3);
    assertThat(Files.size(lower.get(1).resolve("copy"))).isEqualTo(400_000);
    assertThat(Files.getAttribute(lower.get(1).resolve("copy"), "unix:mode")).isEqualTo(0104755);
    assertThat(Files.getAttribute(lower.get(1).resolve("dir"), "unix:mode")).isEqualTo(041711);
    assertThat(Files.getAttribute(lower.get(0).resolve("dir"), "unix:mode")).isEqualTo(041711);
    assertThat(Files.getAttribute(lower.get(0).resolve("dir/more"), "unix:rdev")).isEqualTo(0L);
    assertThat(images.check(false).findings()).isEmpty();
  }

  @Test
  void pullsAndTellsHowItGoes() throws IOException {
    try (LocalImages images = StoreFixture.open(root, registry)) {
      var events = new ConcurrentLinkedQueue<ProgressListener.Event>();
      Image image = images.pull(PullRequest.of("example.com/a/b"), events::add);
      complete(images, image);
      assertThat(image.names()).containsExactly(Reference.parse("example.com/a/b:latest"));
      assertThat(images.find("example.com/a/b@" + image.manifest().digest())).contains(image);
      for (Digest layer : layers) {
        for (State state : List.of(State.WAITING, State.DOWNLOADED, State.EXTRACTING, State.DONE)) {
          assertThat(events)
              .anyMatch(e ->
                  e instanceof ProgressListener.Layer l
                      && l.blob().equals(layer)
                      && l.state() == state);
        }
      }
      int before = registry.fetched.get();
      assertThat(images.pull(PullRequest.of("example.com/a/b"), events::add)).isEqualTo(image);
      assertThat(registry.fetched.get()).isEqualTo(before);
    }
  }

  @Test
  void choosesThePlatform() throws IOException {
    try (LocalImages images = StoreFixture.open(root, registry)) {
      Image image = images.pull(PullRequest.of("example.com/a/b:multi"), ProgressListener.SILENT);
      complete(images, image);
      assertThat(image.repoDigests())
          .containsExactly(
              Reference.parse("example.com/a/b").withDigest(registry.tag("multi").digest()));
      assertThatThrownBy(
              () -> images.pull(PullRequest.of("example.com/a/b:none"), ProgressListener.SILENT))
          .isInstanceOf(ImageException.NotFound.class)
          .hasMessageContaining("only for linux/s390x");
    }
  }

  @Test
  void keepsToThePolicy() {
    try (LocalImages images = StoreFixture.open(root, registry)) {
      PullRequest request = PullRequest.of("example.com/a/b");
      assertThatThrownBy(
              () -> images.pull(request.withPolicy(PullPolicy.NEVER), ProgressListener.SILENT))
          .isInstanceOf(ImageException.NotFound.class);
      Image image = images.pull(request.withPolicy(PullPolicy.MISSING), ProgressListener.SILENT);
      registry.tags.clear();
      assertThat(images.pull(request.withPolicy(PullPolicy.MISSING), ProgressListener.SILENT))
          .isEqualTo(image);
      assertThatThrownBy(() -> images.pull(request, ProgressListener.SILENT))
          .isInstanceOf(RegistryException.NotFound.class);
      assertThatThrownBy(() -> images.pull(PullRequest.of("localhost/x"), ProgressListener.SILENT))
          .isInstanceOf(ImageException.NotFound.class)
          .hasMessageContaining("localhost/");
    }
  }

  @Test
  void aDownloadThatBeginsAnewIsUnpackedAnew() throws IOException {
    registry.trouble = FakeRegistry.Trouble.RESTART;
    try (LocalImages images = StoreFixture.open(root, registry)) {
      complete(images, images.pull(PullRequest.of("example.com/a/b"), ProgressListener.SILENT));
    }
  }

  @Test
  void aFailedPullChangesNothingAndIsResumed() throws IOException {
    registry.trouble = FakeRegistry.Trouble.FAIL;
    try (LocalImages images = StoreFixture.open(root, registry)) {
      assertThatThrownBy(
              () -> images.pull(PullRequest.of("example.com/a/b"), ProgressListener.SILENT))
          .isInstanceOf(RegistryException.Unreachable.class);
      assertThat(images.list(ImageFilters.NONE)).isEmpty();
      assertThat(images.content().ingests()).hasSize(1);
      assertThat(images.content().ingests().get(0).size()).isPositive();
      assertThat(root.resolve("layers")).isEmptyDirectory();
    }
    registry.trouble = FakeRegistry.Trouble.NONE;
    try (LocalImages images = StoreFixture.open(root, registry)) {
      complete(images, images.pull(PullRequest.of("example.com/a/b"), ProgressListener.SILENT));
      assertThat(images.content().ingests()).isEmpty();
    }
  }

  @Test
  void manyAtATimeDownloadOnce() throws Exception {
    try (LocalImages images = StoreFixture.open(root, registry)) {
      List<CompletableFuture<Image>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String name = "example.com/a/b" + i;
        all.add(
            CompletableFuture.supplyAsync(
                () -> images.pull(PullRequest.of(name), ProgressListener.SILENT),
                task -> Thread.ofPlatform().start(task)));
      }
      for (CompletableFuture<Image> each : all) {
        each.get();
      }
      assertThat(registry.fetched.get()).isEqualTo(4); // config and three layers
      assertThat(images.list(ImageFilters.NONE)).hasSize(1);
      assertThat(images.list(ImageFilters.NONE).get(0).names()).hasSize(8);
      complete(images, images.get("example.com/a/b3"));
    }
  }

  @Test
  void wrongDiffIdsAreRefused() throws IOException {
    Descriptor good = registry.tag("latest");
    Manifest manifest = OciJson.read(registry.blob(good.digest()), Manifest.class);
    List<Descriptor> swapped = new ArrayList<>(manifest.layers());
    swapped.set(2, swapped.get(1));
    registry.tags.put(
        "bad",
        registry.put(MediaTypes.MANIFEST, OciJson.write(Manifest.of(manifest.config(), swapped))));
    registry.tags.put(
        "few",
        registry.put(
            MediaTypes.MANIFEST,
            OciJson.write(Manifest.of(manifest.config(), swapped.subList(0, 2)))));
    try (LocalImages images = StoreFixture.open(root, registry)) {
      for (String tag : List.of("bad", "few")) {
        assertThatThrownBy(() ->
                images.pull(PullRequest.of("example.com/a/b:" + tag), ProgressListener.SILENT))
            .isInstanceOf(ImageException.Refused.class)
            .hasMessageContaining("configuration");
      }
      assertThat(images.list(ImageFilters.NONE)).isEmpty();
    }
  }

  @Test
  void pushesWhatItPulled() {
    FakeRegistry target = new FakeRegistry();
    Image image;
    try (LocalImages images = StoreFixture.open(root, registry)) {
      image = images.pull(PullRequest.of("example.com/a/b"), ProgressListener.SILENT);
    }
    try (LocalImages images = StoreFixture.open(root, target)) {
      Digest digest =
          images.push(
              new PushRequest(
                  "example.com/a/b", Reference.parse("other.com/x:1"), CredentialSource.NONE),
              ProgressListener.SILENT);
      assertThat(digest).isEqualTo(image.manifest().digest());
      assertThat(target.tag("1").digest()).isEqualTo(digest);
      assertThat(target.blobs).hasSize(5);
    }
  }
}
