package dev.kapal.image.registry.client;

import static dev.kapal.image.registry.testing.FaultProxy.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.BlobSink;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.testing.Clients;
import dev.kapal.image.registry.testing.DownloadMain;
import dev.kapal.image.registry.testing.FaultProxy;
import dev.kapal.image.registry.testing.FaultProxy.Fault;
import dev.kapal.image.registry.testing.FileTarget;
import dev.kapal.image.registry.testing.RegistryServer;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.MediaTypes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a real registry through a proxy that breaks things. */
class FetchTest {
  private static final int SIZE = 3_000_000;
  private static final byte[] CONTENT = Clients.bytes(SIZE, 1);

  private static RegistryServer server;
  private static Descriptor blob;

  @TempDir Path folder;
  private FaultProxy proxy;
  private RegistryClient client;
  private Registry registry;
  private RepositoryName repository;
  private FileTarget target;

  @BeforeAll
  static void startServer() throws Exception {
    server = RegistryServer.start();
    blob = server.putBlob("some/image", CONTENT);
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void connect() throws IOException {
    proxy = new FaultProxy(server.url());
    client = new RegistryClient(Clients.config());
    registry = client.as(CredentialSource.NONE);
    repository = new RepositoryName(proxy.name(), "some/image");
    target = new FileTarget(folder);
  }

  @AfterEach
  void disconnect() throws IOException {
    client.close();
    proxy.close();
    assertThat(target.open).hasValue(0);
  }

  private void fetch() {
    registry.fetch(repository, blob, target, TransferListener.SILENT);
  }

  private void assertWhole() throws IOException {
    assertThat(Files.readAllBytes(target.file(blob.digest()))).isEqualTo(CONTENT);
    assertThat(target.part(blob.digest())).doesNotExist();
  }

  private List<String> ranges() {
    return proxy.seen.stream()
        .filter(request("GET", "/blobs/"))
        .map(r -> r.header("range").orElse("none"))
        .toList();
  }

  @Test
  void fetchesInOneRequestAndTellsProgress() throws Exception {
    List<Long> progress = new CopyOnWriteArrayList<>();
    registry.fetch(repository, blob, target, (done, total) -> progress.add(done));
    assertWhole();
    assertThat(ranges()).containsExactly("none");
    assertThat(progress).startsWith(0L).endsWith((long) SIZE).isSorted();
    fetch();
    assertThat(ranges()).as("what is there is not fetched again").hasSize(1);
  }

  @Test
  void continuesAfterResetAndEarlyEnd() throws Exception {
    proxy.on(
        request("GET", "/blobs/"), new Fault.ResetAfter(1_000_000), new Fault.EndAfter(500_000));
    fetch();
    assertWhole();
    assertThat(ranges()).hasSize(3).first().isEqualTo("none");
    assertThat(ranges().get(1)).startsWith("bytes=");
    assertThat(ranges().get(2))
        .isEqualTo(
            "bytes=" + (Long.parseLong(ranges().get(1).replaceAll("\\D", "")) + 500_000) + "-");
    assertThat(target.restarts).hasValue(0);
  }

  @Test
  void goesOnThroughMoreBreaksThanAttemptsAsLongAsThereIsProgress() throws Exception {
    Fault[] faults = new Fault[12];
    java.util.Arrays.fill(faults, new Fault.EndAfter(200_000));
    proxy.on(request("GET", "/blobs/"), faults);
    fetch();
    assertWhole();
    assertThat(ranges()).hasSize(13);
  }

  @Test
  void givesUpWithoutProgressAndKeepsWhatItHas() throws Exception {
    Fault[] faults = new Fault[20];
    java.util.Arrays.fill(faults, new Fault.EndAfter(0));
    proxy
        .on(request("GET", "/blobs/"), new Fault.EndAfter(700_000))
        .on(request("GET", "/blobs/"), faults);
    assertThatThrownBy(this::fetch)
        .isInstanceOf(RegistryException.Unreachable.class)
        .hasMessageContaining("ended the answer before all of it was sent")
        .hasMessageContaining(proxy.name());
    assertThat(ranges()).hasSize(4);
    assertThat(target.part(blob.digest())).hasSize(700_000);
  }

  @Test
  void noticesAStallAndContinues() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.StallAfter(1_500_000));
    long begin = System.nanoTime();
    fetch();
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(Duration.ofMillis(700), Duration.ofSeconds(5));
    assertWhole();
    assertThat(ranges()).containsExactly("none", "bytes=1500000-");
  }

  @Test
  void startsOverWhenTheServerIgnoresTheRange() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.EndAfter(1_000_000), new Fault.IgnoreRange());
    fetch();
    assertWhole();
    assertThat(target.restarts).hasValue(1);
    assertThat(ranges()).containsExactly("none", "bytes=1000000-");
  }

  @Test
  void doesNotTrustAWrongContentRange() throws Exception {
    proxy.on(
        request("GET", "/blobs/"),
        new Fault.EndAfter(1_000_000),
        new Fault.ContentRange("bytes 0-" + (SIZE - 1) + "/" + SIZE));
    fetch();
    assertWhole();
    assertThat(ranges()).containsExactly("none", "bytes=1000000-", "none");
  }

  @Test
  void startsOverWhenTheRangeIsRefused() throws Exception {
    proxy.on(
        request("GET", "/blobs/"),
        new Fault.EndAfter(1_000_000),
        new Fault.Answer(416, Map.of("Content-Range", "bytes */" + SIZE), ""));
    fetch();
    assertWhole();
    assertThat(ranges()).containsExactly("none", "bytes=1000000-", "none");
  }

  @Test
  void fetchesACorruptBlobOnceMore() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.CorruptAt(1_234_567));
    fetch();
    assertWhole();
    assertThat(ranges()).containsExactly("none", "none");
  }

  @Test
  void givesUpOnABlobThatIsCorruptTwice() {
    proxy.on(request("GET", "/blobs/"), new Fault.CorruptAt(5), new Fault.CorruptAt(6));
    assertThatThrownBy(this::fetch)
        .isInstanceOf(RegistryException.DigestMismatch.class)
        .hasMessageContaining(blob.digest().toString());
    assertThat(ranges()).hasSize(2);
    assertThat(target.file(blob.digest())).doesNotExist();
    assertThat(target.part(blob.digest())).isEmptyFile();
  }

  @Test
  void waitsAsLongAsTheServerAsks() throws Exception {
    proxy.on(
        request("GET", "/blobs/"),
        new Fault.Answer(429, Map.of("Retry-After", "1"), ""),
        new Fault.Answer(503, Map.of(), ""),
        new Fault.Answer(500, Map.of(), "oops"));
    long begin = System.nanoTime();
    fetch();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofSeconds(1));
    assertWhole();
    assertThat(ranges()).hasSize(4);
  }

  @Test
  void doesNotWaitForHours() {
    proxy.on(request("GET", "/blobs/"), new Fault.Answer(429, Map.of("Retry-After", "7200"), ""));
    assertThatThrownBy(this::fetch)
        .isInstanceOfSatisfying(
            RegistryException.TooManyRequests.class,
            e -> assertThat(e.retryAfter()).contains(Duration.ofHours(2)))
        .hasMessageContaining("7200 s");
    assertThat(ranges()).hasSize(1);
  }

  @Test
  void takesHttp10WithoutALength() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.Http10());
    fetch();
    assertWhole();
  }

  @Test
  void refusesABlobOfAnotherSize() {
    Descriptor longer = new Descriptor(blob.mediaType(), blob.digest(), SIZE + 1);
    assertThatThrownBy(() -> registry.fetch(repository, longer, target, TransferListener.SILENT))
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("3000000 bytes where the manifest says 3000001");
    proxy.on(request("GET", "/blobs/"), new Fault.Http10());
    Descriptor shorter = new Descriptor(blob.mediaType(), blob.digest(), SIZE - 1);
    assertThatThrownBy(() -> registry.fetch(repository, shorter, target, TransferListener.SILENT))
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("more than the 2999999 bytes");
  }

  @Test
  void saysWhatIsMissing() {
    Digest none = Digest.sha256(new byte[] {1, 2, 3});
    assertThatThrownBy(() ->
            registry.fetch(
                repository, new Descriptor("x/y", none, 3), target, TransferListener.SILENT))
        .isInstanceOf(RegistryException.NotFound.class)
        .hasMessageContaining(none.toString())
        .hasMessageContaining("BLOB_UNKNOWN");
  }

  @Test
  void aFullDiskIsNotTheRegistrysFault() {
    BlobSink broken =
        new BlobSink() {
          @Override
          public long size() {
            return 0;
          }

          @Override
          public void write(ByteBuffer bytes) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void restart() {}

          @Override
          public boolean commit() {
            return false;
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() ->
            registry.fetch(repository, blob, b -> Optional.of(broken), TransferListener.SILENT))
        .isInstanceOf(RegistryException.LocalFailure.class)
        .hasMessageContaining("No space left on device");
    assertThat(ranges()).hasSize(1);
  }

  @Test
  void continuesWhatAKilledProcessLeft() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.StallAfter(2_000_000));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                DownloadMain.class.getName(),
                proxy.name(),
                "some/image",
                blob.digest().toString(),
                Integer.toString(SIZE),
                folder.toString())
            .inheritIO()
            .start();
    try {
      Path part = target.part(blob.digest());
      for (int i = 0; i < 400 && !(Files.exists(part) && Files.size(part) == 2_000_000); i++) {
        assertThat(child.isAlive()).as("the child still downloads").isTrue();
        Thread.sleep(10);
      }
    } finally {
      child.destroyForcibly(); // SIGKILL
      assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(child.exitValue()).isEqualTo(137);
    int before = ranges().size();
    fetch();
    assertWhole();
    assertThat(ranges().subList(before, ranges().size())).containsExactly("bytes=2000000-");
  }

  @Test
  void aDamagedPartIsThrownAway() throws Exception {
    Files.write(target.part(blob.digest()), new byte[1000]);
    fetch();
    assertWhole();
    assertThat(ranges()).containsExactly("bytes=1000-", "none");
    Files.delete(target.file(blob.digest()));
    Files.write(target.part(blob.digest()), new byte[SIZE + 10]);
    fetch();
    assertWhole();
  }

  @Test
  void aHundredCallersAreOneDownload() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.Delay(Duration.ofMillis(300)));
    AtomicInteger finished = new AtomicInteger();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        all.add(
            pool.submit(() ->
                registry.fetch(
                    repository,
                    blob,
                    target,
                    (done, total) -> {
                      if (done == total) {
                        finished.incrementAndGet();
                      }
                    })));
      }
      for (Future<?> each : all) {
        each.get(20, TimeUnit.SECONDS);
      }
    }
    assertWhole();
    assertThat(ranges()).hasSize(1);
    assertThat(finished).as("all heard the end").hasValueGreaterThanOrEqualTo(100);
  }

  @Test
  void stopsOnlyWhenTheLastCallerLeaves() throws Exception {
    proxy.on(request("GET", "/blobs/"), new Fault.StallAfter(1_000_000));
    CountDownLatch started = new CountDownLatch(2);
    List<Throwable> thrown = new CopyOnWriteArrayList<>();
    Runnable work =
        () -> {
          try {
            registry.fetch(
                repository,
                blob,
                target,
                (done, total) -> {
                  if (done > 0) {
                    started.countDown();
                  }
                });
          } catch (RegistryException e) {
            thrown.add(e);
          }
        };
    Thread one = Thread.ofVirtual().start(work);
    Thread two = Thread.ofVirtual().start(work);
    assertThat(started.await(5, TimeUnit.SECONDS)).isTrue();
    one.interrupt();
    one.join(5000);
    assertThat(thrown).singleElement().isInstanceOf(RegistryException.Cancelled.class);
    assertThat(target.open).as("the other one still downloads").hasValue(1);
    two.interrupt();
    two.join(5000);
    assertThat(thrown).hasSize(2);
    assertThat(target.open).as("nobody is left").hasValue(0);
    long held = Files.size(target.part(blob.digest()));
    assertThat(held).isPositive();
    fetch();
    assertWhole();
    assertThat(ranges()).last().isEqualTo("bytes=" + held + "-");
  }

  @Test
  void anothersMissingRightIsNotOurs() throws Exception {
    proxy.on(
        request("GET", "/v2/secret/image/blobs/"),
        new Fault.Delay(Duration.ofMillis(300)),
        new Fault.Answer(403, Map.of(), ""));
    RepositoryName secret = new RepositoryName(proxy.name(), "secret/image");
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> bad =
          pool.submit(() -> registry.fetch(secret, blob, target, TransferListener.SILENT));
      Thread.sleep(100);
      Future<?> good = pool.submit(this::fetch);
      good.get(10, TimeUnit.SECONDS);
      assertThatThrownBy(() -> bad.get(10, TimeUnit.SECONDS))
          .hasCauseInstanceOf(RegistryException.class);
    }
    assertWhole();
  }

  @Test
  void fetchesSeveralAtATimeButNoMoreThanAllowed() throws Exception {
    List<Descriptor> blobs = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      blobs.add(server.putBlob("some/image", Clients.bytes(50_000 + i, 100 + i)));
    }
    proxy.on(request("GET", "/blobs/"), delays(9));
    AtomicInteger most = new AtomicInteger();
    registry.fetchAll(
        repository,
        blobs,
        b -> {
          Optional<BlobSink> sink = target.open(b);
          most.accumulateAndGet(target.open.get(), Math::max);
          return sink;
        },
        b -> TransferListener.SILENT);
    for (Descriptor each : blobs) {
      assertThat(target.file(each.digest())).exists();
    }
    assertThat(most).hasValue(3);
  }

  private static Fault[] delays(int n) {
    Fault[] all = new Fault[n];
    java.util.Arrays.fill(all, new Fault.Delay(Duration.ofMillis(60)));
    return all;
  }

  @Test
  void oneFailureStopsTheOthers() {
    Digest none = Digest.sha256(new byte[] {9});
    proxy.on(request("GET", blob.digest().toString()), new Fault.StallAfter(100_000));
    assertThatThrownBy(() ->
            registry.fetchAll(
                repository,
                List.of(blob, new Descriptor("x/y", none, 1)),
                target,
                b -> TransferListener.SILENT))
        .isInstanceOf(RegistryException.NotFound.class);
    assertThat(target.open).hasValue(0);
  }

  @Test
  void redirectsDoNotCarrySecretsElsewhere() throws Exception {
    try (FaultProxy other = new FaultProxy(server.url());
        RegistryClient own = new RegistryClient(Clients.config())) {
      String path = "/v2/some/image/blobs/" + blob.digest();
      proxy.on(
          r -> r.header("authorization").isEmpty(),
          new Fault.Answer(401, Map.of("WWW-Authenticate", "Basic realm=\"x\""), ""));
      proxy.on(
          request("GET", "/blobs/"),
          new Fault.Answer(307, Map.of("Location", other.url() + path), ""));
      CredentialSource source =
          CredentialSource.only(
              proxy.name(), new dev.kapal.image.registry.Credentials.Basic("captain", "hunter2"));
      own.as(source).fetch(repository, blob, target, TransferListener.SILENT);
      assertWhole();
      assertThat(proxy.seen)
          .last()
          .satisfies(r -> assertThat(r.header("authorization")).isPresent());
      assertThat(other.seen)
          .singleElement()
          .satisfies(r -> assertThat(r.header("authorization")).isEmpty());
    }
  }

  @Test
  void redirectsEndSomewhere() {
    Fault[] circle = new Fault[6];
    java.util.Arrays.fill(
        circle, new Fault.Answer(302, Map.of("Location", "/v2/some/image/blobs/again"), ""));
    proxy.on(request("GET", "/blobs/"), circle);
    assertThatThrownBy(this::fetch)
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("more than 5 redirects");
    proxy.on(
        request("GET", "/blobs/"),
        new Fault.Answer(302, Map.of("Location", "file:///etc/passwd"), ""));
    assertThatThrownBy(this::fetch)
        .isInstanceOf(RegistryException.ProtocolProblem.class)
        .hasMessageContaining("neither http nor https");
  }

  @Test
  void foreignLayersAreFetchedFromTheirUrlOnlyIfAllowed() throws Exception {
    try (FaultProxy elsewhere = new FaultProxy(server.url());
        RegistryClient allowing = new RegistryClient(Clients.config().withForeignLayers(true))) {
      Descriptor foreign =
          new Descriptor(
              MediaTypes.DOCKER_LAYER_FOREIGN,
              blob.digest(),
              blob.size(),
              List.of(elsewhere.url() + "/v2/some/image/blobs/" + blob.digest()),
              Map.of(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty());
      registry.fetch(repository, foreign, target, TransferListener.SILENT);
      assertThat(elsewhere.seen).isEmpty();
      Files.delete(target.file(blob.digest()));
      elsewhere.on(
          request("GET", "/blobs/"),
          new Fault.Answer(
              401, Map.of("WWW-Authenticate", "Basic realm=\"give me your password\""), ""));
      CredentialSource eager =
          name -> new dev.kapal.image.registry.Credentials.Basic("captain", "hunter2");
      allowing.as(eager).fetch(repository, foreign, target, TransferListener.SILENT);
      assertWhole();
      assertThat(elsewhere.seen)
          .isNotEmpty()
          .allSatisfy(r -> assertThat(r.header("authorization")).isEmpty());
    }
  }

  @Test
  void nonsenseInsteadOfHttpIsAProtocolProblem() throws Exception {
    try (ServerSocket nonsense = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            while (true) {
              try (Socket socket = nonsense.accept()) {
                socket.getInputStream().read(new byte[4096]);
                socket
                    .getOutputStream()
                    .write("SSH-2.0-OpenSSH_9.2\r\n".getBytes(StandardCharsets.US_ASCII));
              } catch (IOException e) {
                return;
              }
            }
          });
      RepositoryName there =
          new RepositoryName("localhost:" + nonsense.getLocalPort(), "some/image");
      assertThatThrownBy(() -> registry.fetch(there, blob, target, TransferListener.SILENT))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("localhost:" + nonsense.getLocalPort());
    }
  }

  @Test
  void nobodyThereIsSaidAtOnce() throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    assertThatThrownBy(
            () -> registry.resolve(new RepositoryName("localhost:" + port, "x/y"), "latest"))
        .isInstanceOf(RegistryException.Unreachable.class)
        .hasMessageContaining("refuses connections");
    assertThatThrownBy(
            () -> registry.resolve(new RepositoryName("no-such-host.invalid", "x/y"), "latest"))
        .isInstanceOf(RegistryException.Unreachable.class)
        .hasMessageContaining("not known");
  }
}
