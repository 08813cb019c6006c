package dev.kapal.cri.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.kapal.cri.Fakes;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.cri.proto.AuthConfig;
import dev.kapal.cri.proto.Image;
import dev.kapal.cri.proto.ImageFilter;
import dev.kapal.cri.proto.ImageFsInfoRequest;
import dev.kapal.cri.proto.ImageServiceGrpc;
import dev.kapal.cri.proto.ImageSpec;
import dev.kapal.cri.proto.ImageStatusRequest;
import dev.kapal.cri.proto.ImageStatusResponse;
import dev.kapal.cri.proto.ListImagesRequest;
import dev.kapal.cri.proto.PullImageRequest;
import dev.kapal.cri.proto.RemoveImageRequest;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.StreamImagesRequest;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.cri.rpc.Client;
import dev.kapal.cri.rpc.Listeners;
import dev.kapal.cri.rpc.RpcServer;
import dev.kapal.engine.Containers;
import dev.kapal.engine.Engine;
import dev.kapal.image.ImageUsers;
import dev.kapal.image.Images;
import dev.kapal.image.PullRequest;
import dev.kapal.image.local.LocalImages;
import dev.kapal.image.local.LocalImagesConfig;
import dev.kapal.image.registry.Credentials;
import dev.kapal.image.registry.RegistryException;
import dev.kapal.linux.Linux;
import dev.kapal.oci.Reference;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ImageCallsTest {
  private static final String BUSYBOX = "localhost/busybox:latest";
  private static final String SHOP = "registry.example/shop/web:1";

  private Path folder;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());
  private final AtomicReference<PullRequest> pulled = new AtomicReference<>();
  private LocalImages images;
  private RpcServer server;
  private Client client;
  private ImageServiceGrpc.ImageServiceBlockingStub calls;

  @BeforeEach
  void open() throws Exception {
    Assumptions.assumeTrue(
        "root".equals(System.getProperty("user.name")), "unpacking an image needs root");
    folder = Files.createTempDirectory("cri-images");
    images =
        LocalImages.open(
            new LocalImagesConfig(
                folder.resolve("images"),
                credentials -> {
                  throw new AssertionError("no registry");
                },
                ImageUsers.NONE,
                Linux.system().descriptors()));
    images.ensureEmbedded();
    Images observed =
        Fakes.over(
            Images.class,
            images,
            Map.of(
                "pull",
                arguments -> {
                  PullRequest request = (PullRequest) arguments[0];
                  pulled.set(request);
                  if (request.name().startsWith("down.example")) {
                    throw new RegistryException.Unreachable(
                        "down.example does not answer", List.of(), Optional.empty());
                  }
                  if (request.name().startsWith("slow.example")) {
                    try {
                      Thread.sleep(60_000);
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }
                  return images.get(BUSYBOX);
                }));
    Containers containers = Fakes.of(Containers.class, Map.of("list", a -> List.of()));
    Engine engine =
        Fakes.of(Engine.class, Map.of("images", a -> observed, "containers", a -> containers));
    Calls bound = new Calls(threads);
    new ImageCalls(engine, Clock.systemUTC()).bind(bound);
    server =
        RpcServer.serve(
            Listeners.bind(List.of(folder.resolve("s"))),
            bound.services(
                ImageServiceGrpc.getServiceDescriptor(), RuntimeServiceGrpc.getServiceDescriptor()),
            threads,
            () -> CallObserver.NONE);
    client = Client.of(folder.resolve("s"));
    calls = client.images();
  }

  @AfterEach
  void close() throws IOException {
    if (server != null) {
      client.close();
      server.close();
      images.close();
      // Not JUnit's own way, which tells of each link.
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
    threads.shutdownNow();
  }

  private List<Image> list(String filter) {
    return calls
        .listImages(
            ListImagesRequest.newBuilder()
                .setFilter(ImageFilter.newBuilder().setImage(spec(filter)))
                .build())
        .getImagesList();
  }

  private Optional<Image> status(String name) {
    ImageStatusResponse response =
        calls.imageStatus(ImageStatusRequest.newBuilder().setImage(spec(name)).build());
    return response.hasImage() ? Optional.of(response.getImage()) : Optional.empty();
  }

  private void remove(String name) {
    var _ = calls.removeImage(RemoveImageRequest.newBuilder().setImage(spec(name)).build());
  }

  private String pull(String name, AuthConfig auth) {
    return calls
        .pullImage(PullImageRequest.newBuilder().setImage(spec(name)).setAuth(auth).build())
        .getImageRef();
  }

  private static ImageSpec spec(String name) {
    return ImageSpec.newBuilder().setImage(name).build();
  }

  private static void fails(
      Status.Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code));
  }

  private void another(String name) {
    images.tag(BUSYBOX, Reference.parse(name));
  }

  @Test
  void listsWithIdsTagsSizeAndUser() {
    another(SHOP);
    assertThat(list("")).hasSize(1);
    Image image = list("").getFirst();
    assertThat(image.getId()).matches("sha256:[0-9a-f]{64}");
    assertThat(image.getRepoTagsList()).containsExactlyInAnyOrder(BUSYBOX, SHOP);
    assertThat(image.getSize()).isPositive();
    assertThat(image.getPinned()).isTrue();
    assertThat(list(SHOP)).hasSize(1);
    assertThat(list("registry.example/shop/web")).hasSize(1);
    assertThat(list("registry.example/shop/web:2")).isEmpty();
    assertThat(list(image.getId())).hasSize(1);
    assertThat(list(image.getId().substring(7, 19))).hasSize(1);
    assertThat(ImmutableList.copyOf(calls.streamImages(StreamImagesRequest.getDefaultInstance())))
        .flatExtracting(r -> r.getImagesList())
        .containsExactly(image);
  }

  @Test
  void aMissingImageIsNoError() {
    assertThat(status("registry.example/nothing:1")).isEmpty();
    assertThat(status("0123456789abcdef")).isEmpty();
    assertThat(status(BUSYBOX)).isPresent();
    fails(Status.Code.INVALID_ARGUMENT, () -> status(""));
    fails(Status.Code.INVALID_ARGUMENT, () -> status("Not A Name"));
  }

  @Test
  void aShortNameIsNotOneOfThisMachine() {
    assertThat(status("busybox")).isEmpty();
    another("docker.io/library/busybox:latest");
    assertThat(status("busybox")).isPresent();
  }

  @Test
  void tellsMoreWhenAsked() {
    Map<String, String> info =
        calls
            .imageStatus(
                ImageStatusRequest.newBuilder().setImage(spec(BUSYBOX)).setVerbose(true).build())
            .getInfoMap();
    assertThat(info).containsOnlyKeys("info");
    assertThat(info.get("info")).contains("\"imageSpec\":{").contains("\"architecture\"");
  }

  @Test
  void pullsByTheWholeNameWithTheCallersCredentials() {
    AuthConfig auth = AuthConfig.newBuilder().setUsername("ann").setPassword("secret").build();
    assertThat(pull("web", auth)).isEqualTo(images.get(BUSYBOX).id().toString());
    assertThat(pulled.get().name()).isEqualTo("docker.io/library/web:latest");
    assertThat(pulled.get().credentials().find("docker.io"))
        .isEqualTo(new Credentials.Basic("ann", "secret"));
    assertThat(pulled.get().credentials().find("mirror.example")).isEqualTo(Credentials.ANONYMOUS);
  }

  @Test
  void saysThatARegistryDoesNotAnswerAsTheKubeletReadsIt() {
    assertThatThrownBy(() -> pull("down.example/x", AuthConfig.getDefaultInstance()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
              assertThat(e.getStatus().getDescription())
                  .isEqualTo("RegistryUnavailable: down.example does not answer");
            });
  }

  @Test
  void removesANameAndWithTheIdAll() {
    another(SHOP);
    another("registry.example/shop/web:2");
    remove("registry.example/shop/web:2");
    assertThat(status(SHOP)).isPresent();
    assertThat(status("registry.example/shop/web:2")).isEmpty();
    // Again, and of what never was: nothing happens.
    remove("registry.example/shop/web:2");
    remove("sha256:" + "0".repeat(64));
    String id = images.get(SHOP).id().toString();
    // The embedded one stays.
    fails(Status.Code.FAILED_PRECONDITION, () -> remove(id));
    fails(Status.Code.FAILED_PRECONDITION, () -> remove(BUSYBOX));
  }

  @Test
  void tellsWhatImagesTake() {
    var response = calls.imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
    assertThat(response.getImageFilesystemsList()).hasSize(1);
    assertThat(response.getContainerFilesystemsList())
        .isEqualTo(response.getImageFilesystemsList());
    var usage = response.getImageFilesystems(0);
    assertThat(usage.getFsId().getMountpoint()).isEqualTo(folder.resolve("images").toString());
    assertThat(usage.getUsedBytes().getValue()).isPositive();
    assertThat(usage.getInodesUsed().getValue()).isPositive();
    assertThat(usage.getTimestamp()).isGreaterThan(1_700_000_000_000_000_000L);
  }
}
