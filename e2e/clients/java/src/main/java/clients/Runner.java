package clients;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** `Runner --namesrv A [--cluster C] [--later] [--list] [--parallel N] [tests...]` */
public final class Runner {
    private static final int LIMIT_S = 90;

    public static void main(String[] args) throws Exception {
        Options options = new Options(args, "later", "list");
        Map<String, TestCase> tests = options.has("later") ? Tests.later() : Tests.now();
        if (!options.words().isEmpty()) {
            tests = pick(options.words());
        }
        if (options.has("list")) {
            tests.keySet().forEach(System.out::println);
            System.exit(0);
        }
        int failed = 1;
        try (Shared shared = new Shared(options.namesrv(), options.get("cluster", "DefaultCluster"))) {
            failed = runAll(tests, shared, options.number("parallel", 6));
        } catch (Throwable error) {
            System.out.println("FAIL setup " + error);
        }
        System.exit(failed == 0 ? 0 : 1);
    }

    private static Map<String, TestCase> pick(List<String> names) {
        Map<String, TestCase> all = new LinkedHashMap<>(Tests.now());
        all.putAll(Tests.later());
        Map<String, TestCase> picked = new LinkedHashMap<>();
        for (String name : names) {
            if (!all.containsKey(name)) {
                System.out.println("FAIL " + name + " no such test");
                System.exit(1);
            }
            picked.put(name, all.get(name));
        }
        return picked;
    }

    private static int runAll(Map<String, TestCase> tests, Shared shared, int parallel) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(parallel);
        List<Future<Boolean>> results = new ArrayList<>();
        tests.forEach((name, test) -> results.add(pool.submit(() -> runOne(name, test, shared))));
        int failed = 0;
        for (Future<Boolean> result : results) {
            failed += result.get() ? 0 : 1;
        }
        pool.shutdown();
        System.out.println((results.size() - failed) + " passed, " + failed + " failed");
        return failed;
    }

    private static boolean runOne(String name, TestCase test, Shared shared) throws InterruptedException {
        long begin = System.nanoTime();
        ExecutorService alone = Executors.newSingleThreadExecutor();
        Env env = new Env(shared, name);
        try {
            alone.submit(() -> {
                test.run(env);
                return null;
            }).get(LIMIT_S, TimeUnit.SECONDS);
            System.out.println("PASS " + name + " " + (System.nanoTime() - begin) / 1_000_000 + " ms");
            return true;
        } catch (TimeoutException slow) {
            System.out.println("FAIL " + name + " not done after " + LIMIT_S + " s");
        } catch (Exception error) {
            System.out.println("FAIL " + name + " " + reason(error.getCause()));
        } finally {
            alone.shutdownNow();
            env.close();
        }
        return false;
    }

    private static String reason(Throwable error) {
        StringBuilder text = new StringBuilder(error instanceof AssertionError ? String.valueOf(error.getMessage()) : error.toString());
        for (StackTraceElement frame : error.getStackTrace()) {
            if (frame.getClassName().startsWith("clients.tests.")) {
                text.append(" [").append(frame.getFileName()).append(':').append(frame.getLineNumber()).append(']');
                break;
            }
        }
        return text.toString().replace('\n', ' ');
    }
}
