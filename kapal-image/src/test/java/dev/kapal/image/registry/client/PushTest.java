package dev.kapal.image.registry.client;

import static dev.kapal.image.registry.testing.FaultProxy.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.BlobSource;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.ResolvedManifest;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.testing.Clients;
import dev.kapal.image.registry.testing.FaultProxy;
import dev.kapal.image.registry.testing.FaultProxy.Fault;
import dev.kapal.image.registry.testing.FileTarget;
import dev.kapal.image.registry.testing.RegistryServer;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Pushes, manifests, tags and referrers at a real registry. */
class PushTest {
  private static RegistryServer server;

  @TempDir Path folder;
  private FaultProxy proxy;
  private RegistryClient client;
  private Registry registry;
  private RepositoryName repository;

  @BeforeAll
  static void startServer() throws Exception {
    server = RegistryServer.start();
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void connect(TestInfo info) throws Exception {
    proxy = new FaultProxy(server.url());
    client = new RegistryClient(Clients.config());
    registry = client.as(CredentialSource.NONE);
    String name = info.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
    repository = new RepositoryName(proxy.name(), "test/" + name);
  }

  @AfterEach
  void disconnect() throws Exception {
    client.close();
    proxy.close();
  }

  private static BlobSource source(byte[] content) {
    return offset -> new ByteArrayInputStream(content, (int) offset, content.length - (int) offset);
  }

  private PushOutcome push(byte[] content, RepositoryName... from) {
    Descriptor blob = Descriptor.of("application/octet-stream", content);
    return registry.pushBlob(
        repository, blob, source(content), List.of(from), TransferListener.SILENT);
  }

  private void assertThere(byte[] content) throws Exception {
    Descriptor blob = Descriptor.of("application/octet-stream", content);
    FileTarget target = new FileTarget(folder);
    registry.fetch(repository, blob, target, TransferListener.SILENT);
    assertThat(Files.readAllBytes(target.file(blob.digest()))).isEqualTo(content);
  }

  private Manifest manifest(Optional<Descriptor> subject, Optional<String> artifactType) {
    byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
    push(config);
    return new Manifest(
        2,
        Optional.of(MediaTypes.MANIFEST),
        artifactType,
        Descriptor.of(MediaTypes.CONFIG, config),
        List.of(),
        subject,
        Map.of("made.by", "test"));
  }

  /** Opens contents, and notes how many are open at a time. */
  private static final class Opened {
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    BlobSource source(byte[] content) {
      return offset -> {
        most.accumulateAndGet(open.incrementAndGet(), Math::max);
        return new FilterInputStream(
            new ByteArrayInputStream(content, (int) offset, content.length)) {
          private boolean closed;

          @Override
          public void close() {
            if (!closed) {
              closed = true;
              open.decrementAndGet();
            }
          }

          @Override
          public int read(byte[] bytes, int from, int length) throws IOException {
            sleep();
            return super.read(bytes, from, length);
          }
        };
      };
    }

    private static void sleep() throws IOException {
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
  }

  private static int pushedAtATime(int allowed, RepositoryName repository) throws Exception {
    Opened opened = new Opened();
    List<Registry.Upload> uploads = new ArrayList<>();
    List<PushOutcome> outcomes = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 8; i++) {
      byte[] content = Clients.bytes(300_000, 100 * allowed + i);
      uploads.add(
          new Registry.Upload(
              Descriptor.of("application/octet-stream", content),
              opened.source(content),
              TransferListener.SILENT,
              outcomes::add));
    }
    try (RegistryClient limited = new RegistryClient(Clients.config().withUploads(allowed))) {
      // Two pushes at a time share the places.
      Registry one = limited.as(CredentialSource.NONE);
      Thread other =
          Thread.ofVirtual().start(() -> one.pushAll(repository, uploads.subList(4, 8), List.of()));
      limited.as(CredentialSource.NONE).pushAll(repository, uploads.subList(0, 4), List.of());
      other.join();
    }
    assertThat(outcomes).hasSize(8).containsOnly(PushOutcome.UPLOADED);
    return opened.most.get();
  }

  @Test
  void asManyBlobsAreUploadedAtATimeAsAllowed() throws Exception {
    assertThat(pushedAtATime(1, repository)).isEqualTo(1);
    assertThat(pushedAtATime(3, repository)).isGreaterThan(1).isLessThanOrEqualTo(3);
  }

  @Test
  void theFirstFailureStopsTheOthers() {
    byte[] good = Clients.bytes(1000, 71);
    BlobSource broken =
        offset -> {
          throw new IOException("no such disk");
        };
    Descriptor bad = Descriptor.of("application/octet-stream", Clients.bytes(1000, 72));
    assertThatThrownBy(() ->
            registry.pushAll(
                repository,
                List.of(
                    new Registry.Upload(bad, broken, TransferListener.SILENT, o -> {}),
                    new Registry.Upload(
                        Descriptor.of("application/octet-stream", good),
                        source(good),
                        TransferListener.SILENT,
                        o -> {})),
                List.of()))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("no such disk");
  }

  @Test
  void smallBlobsGoInOnePut() throws Exception {
    byte[] content = Clients.bytes(100_000, 2);
    assertThat(push(content)).isEqualTo(PushOutcome.UPLOADED);
    assertThat(proxy.count("PATCH", "")).isZero();
    assertThere(content);
    assertThat(push(content)).isEqualTo(PushOutcome.EXISTED);
    assertThat(push(new byte[0])).isEqualTo(PushOutcome.UPLOADED);
  }

  @Test
  void largeBlobsTellProgress() throws Exception {
    byte[] content = Clients.bytes(6_000_000, 3);
    List<Long> progress = new CopyOnWriteArrayList<>();
    registry.pushBlob(
        repository,
        Descriptor.of("x/y", content),
        source(content),
        List.of(),
        (done, total) -> progress.add(done));
    assertThat(progress).isSorted().endsWith(6_000_000L);
    assertThat(proxy.count("PATCH", "")).isEqualTo(1);
    assertThere(content);
  }

  @Test
  void aBrokenUploadGoesOnOrStartsAgain() throws Exception {
    byte[] content = Clients.bytes(8_000_000, 4);
    proxy.on(request("PATCH", ""), new Fault.ResetRequestAfter(3_000_000));
    assertThat(push(content)).isEqualTo(PushOutcome.UPLOADED);
    assertThat(proxy.count("GET", "/blobs/uploads/")).as("asked how far it got").isEqualTo(1);
    assertThere(content);
  }

  @Test
  void aLostAnswerIsNotALostUpload() throws Exception {
    byte[] content = Clients.bytes(5_000_000, 5);
    proxy.on(request("PUT", ""), new Fault.LoseAnswer());
    assertThat(push(content)).isEqualTo(PushOutcome.UPLOADED);
    assertThat(proxy.count("PATCH", "")).isEqualTo(1);
    assertThere(content);
  }

  @Test
  void busyRegistriesAreWaitedFor() throws Exception {
    byte[] content = Clients.bytes(5_000_000, 6);
    proxy
        .on(request("POST", ""), new Fault.Answer(503, Map.of(), ""))
        .on(request("PATCH", ""), new Fault.Answer(429, Map.of(), ""))
        .on(request("HEAD", ""), new Fault.Answer(502, Map.of(), ""));
    assertThat(push(content)).isEqualTo(PushOutcome.UPLOADED);
    assertThere(content);
  }

  @Test
  void registriesWithoutPatchGetOnePut() throws Exception {
    byte[] content = Clients.bytes(5_000_000, 7);
    proxy.on(request("PATCH", ""), new Fault.Answer(405, Map.of(), ""));
    assertThat(push(content)).isEqualTo(PushOutcome.UPLOADED);
    assertThat(proxy.count("PATCH", "")).isEqualTo(1);
    assertThere(content);
  }

  @Test
  void contentThatDoesNotFitItsDigestIsRefused() {
    byte[] content = Clients.bytes(5_000_000, 8);
    Descriptor other = new Descriptor("x/y", Digest.sha256(new byte[] {1}), content.length);
    assertThatThrownBy(() ->
            registry.pushBlob(
                repository, other, source(content), List.of(), TransferListener.SILENT))
        .isInstanceOf(RegistryException.DigestMismatch.class)
        .hasMessageContaining("DIGEST_INVALID");
  }

  @Test
  void blobsAreLinkedFromOtherRepositories() throws Exception {
    byte[] content = Clients.bytes(70_000, 9);
    push(content);
    RepositoryName first = repository;
    repository = new RepositoryName(proxy.name(), "test/second");
    RepositoryName elsewhere = new RepositoryName("other.example", "test/x");
    RepositoryName wrong = new RepositoryName(proxy.name(), "test/nothing");
    assertThat(push(content, elsewhere, wrong, first)).isEqualTo(PushOutcome.MOUNTED);
    assertThere(content);
    byte[] more = Clients.bytes(70_000, 10);
    assertThat(push(more, first)).as("falls back").isEqualTo(PushOutcome.UPLOADED);
    assertThere(more);
  }

  @Test
  void manifestsByTagAndDigest() {
    byte[] content = OciJson.write(manifest(Optional.empty(), Optional.empty()));
    Descriptor stored = registry.pushManifest(repository, "v1", MediaTypes.MANIFEST, content);
    assertThat(registry.head(repository, "v1")).contains(stored);
    ResolvedManifest byTag = registry.resolve(repository, "v1");
    assertThat(byTag.content()).isEqualTo(content);
    assertThat(byTag.descriptor()).isEqualTo(stored);
    assertThat(registry.resolve(repository, stored.digest().toString()).content())
        .isEqualTo(content);
    byte[] index = OciJson.write(Index.of(List.of(stored)));
    Descriptor storedIndex =
        registry.pushManifest(repository, Digest.sha256(index).toString(), MediaTypes.INDEX, index);
    assertThat(registry.resolve(repository, storedIndex.digest().toString()).descriptor())
        .isEqualTo(storedIndex);
    assertThat(registry.head(repository, "nothing")).isEmpty();
    assertThatThrownBy(() -> registry.resolve(repository, "nothing"))
        .isInstanceOf(RegistryException.NotFound.class)
        .hasMessageContaining("MANIFEST_UNKNOWN")
        .hasMessageContaining(repository + ":nothing");
    assertThatThrownBy(() -> registry.resolve(repository, "no/tag"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void manifestsAreVerified() {
    byte[] content = OciJson.write(manifest(Optional.empty(), Optional.empty()));
    Descriptor stored = registry.pushManifest(repository, "v1", MediaTypes.MANIFEST, content);
    proxy.on(
        request("GET", "/manifests/"),
        new Fault.CorruptAt(content.length - 5),
        new Fault.Answer(200, Map.of("Content-Type", MediaTypes.MANIFEST), "{}"),
        new Fault.Answer(200, Map.of("Content-Type", "text/html"), "<html>Log in"),
        new Fault.Answer(200, Map.of("Content-Type", MediaTypes.DOCKER_MANIFEST_V1_SIGNED), "{}"),
        new Fault.Answer(200, Map.of(), "x".repeat(5 << 20)),
        new Fault.Answer(200, Map.of("Docker-Content-Digest", "sha256:12"), "{}"));
    assertThatThrownBy(() -> registry.resolve(repository, stored.digest().toString()))
        .isInstanceOf(RegistryException.DigestMismatch.class);
    assertThatThrownBy(() -> registry.resolve(repository, "v1"))
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("neither an image manifest nor an index");
    assertThatThrownBy(() -> registry.resolve(repository, "v1")).hasMessageContaining("web page");
    assertThatThrownBy(() -> registry.resolve(repository, "v1")).hasMessageContaining("schema 1");
    assertThatThrownBy(() -> registry.resolve(repository, "v1"))
        .hasMessageContaining("more than 4194304 bytes");
    assertThatThrownBy(() -> registry.resolve(repository, "v1"))
        .hasMessageContaining("is no digest");
    assertThat(registry.resolve(repository, "v1").content()).isEqualTo(content);
  }

  @Test
  void aManifestWithoutMediaTypeIsWhatItWasServedAs() throws Exception {
    Manifest bare = manifest(Optional.empty(), Optional.empty());
    byte[] content =
        OciJson.write(
            new Manifest(
                2,
                Optional.empty(),
                Optional.empty(),
                bare.config(),
                List.of(),
                Optional.empty(),
                Map.of()));
    server.putManifest(repository.path(), "bare", MediaTypes.MANIFEST, content);
    assertThat(registry.resolve(repository, "bare").descriptor().mediaType())
        .isEqualTo(MediaTypes.MANIFEST);
  }

  @Test
  void tagsComeInPages() throws Exception {
    byte[] content = OciJson.write(manifest(Optional.empty(), Optional.empty()));
    for (int i = 0; i < 7; i++) {
      registry.pushManifest(repository, "v" + i, MediaTypes.MANIFEST, content);
    }
    assertThat(registry.tags(repository)).containsExactly("v0", "v1", "v2", "v3", "v4", "v5", "v6");
    String list = "/v2/" + repository.path() + "/tags/list";
    proxy.on(
        request("GET", "/tags/list"),
        new Fault.Answer(
            200,
            Map.of("Link", "<" + list + "?n=3&last=b>; rel=\"next\""),
            "{\"name\":\"x\",\"tags\":[\"a\",\"b\"]}"),
        new Fault.Answer(200, Map.of(), "{\"name\":\"x\",\"tags\":[\"c\"]}"));
    assertThat(registry.tags(repository)).containsExactly("a", "b", "c");
    proxy.on(
        request("GET", "/tags/list"),
        new Fault.Answer(
            200, Map.of("Link", "<http://evil.example/x>; rel=next"), "{\"tags\":null}"));
    assertThatThrownBy(() -> registry.tags(repository))
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("another host");
    assertThatThrownBy(() -> registry.tags(new RepositoryName(proxy.name(), "test/not-there")))
        .isInstanceOf(RegistryException.NotFound.class);
  }

  @Test
  void referrersUnderTheFallbackTag() {
    byte[] content = OciJson.write(manifest(Optional.empty(), Optional.empty()));
    Descriptor image = registry.pushManifest(repository, "v1", MediaTypes.MANIFEST, content);
    assertThat(registry.referrers(repository, image.digest(), Optional.empty())).isEmpty();
    List<Digest> pushed = new ArrayList<>();
    for (String type : List.of("application/signature", "application/sbom")) {
      byte[] referrer = OciJson.write(manifest(Optional.of(image), Optional.of(type)));
      Digest digest = Digest.sha256(referrer);
      registry.pushManifest(repository, digest.toString(), MediaTypes.MANIFEST, referrer);
      registry.pushManifest(repository, digest.toString(), MediaTypes.MANIFEST, referrer);
      pushed.add(digest);
    }
    List<Descriptor> all = registry.referrers(repository, image.digest(), Optional.empty());
    assertThat(all).extracting(Descriptor::digest).containsExactlyElementsOf(pushed);
    assertThat(all).allSatisfy(d -> assertThat(d.annotations()).containsEntry("made.by", "test"));
    assertThat(registry.referrers(repository, image.digest(), Optional.of("application/sbom")))
        .extracting(Descriptor::digest)
        .containsExactly(pushed.get(1));
    assertThat(registry.tags(repository)).contains(Referrers.fallbackTag(image.digest()));
  }

  @Test
  void referrersByTheApi() {
    byte[] content = OciJson.write(manifest(Optional.empty(), Optional.empty()));
    Descriptor image = registry.pushManifest(repository, "v1", MediaTypes.MANIFEST, content);
    byte[] referrer = OciJson.write(manifest(Optional.of(image), Optional.of("a/b")));
    Descriptor stored = Descriptor.of(MediaTypes.MANIFEST, referrer);
    proxy.on(
        request("PUT", "/manifests/"),
        new Fault.Answer(201, Map.of("OCI-Subject", image.digest().toString()), ""));
    registry.pushManifest(repository, "ref", MediaTypes.MANIFEST, referrer);
    assertThat(proxy.count("PUT", Referrers.fallbackTag(image.digest()))).isZero();
    String index = new String(OciJson.write(Index.of(List.of(stored))), StandardCharsets.UTF_8);
    proxy.on(
        request("GET", "/referrers/"),
        new Fault.Answer(200, Map.of("Content-Type", MediaTypes.INDEX), index));
    assertThat(registry.referrers(repository, image.digest(), Optional.empty()))
        .containsExactly(stored);
  }
}
