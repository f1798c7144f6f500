package clients;

import java.util.Collection;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/** Checks, and waiting for conditions with a limit. */
public final class Check {
    private Check() {
    }

    public static void that(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    public static void same(Object expected, Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + ": expected " + brief(expected) + ", got " + brief(actual));
        }
    }

    /** Same elements, each as often. */
    public static void sameItems(Collection<String> expected, Collection<String> actual, String what) {
        TreeSet<String> missing = new TreeSet<>(expected);
        missing.removeAll(actual);
        TreeSet<String> extra = new TreeSet<>(actual);
        extra.removeAll(expected);
        if (!missing.isEmpty() || !extra.isEmpty() || expected.size() != actual.size()) {
            throw new AssertionError(what + ": expected " + expected.size() + " items, got " + actual.size()
                + ", missing " + brief(missing) + ", unexpected " + brief(extra));
        }
    }

    /** Polls until the condition holds; fails after the limit. */
    public static void await(long limitMs, String what, Callable<Boolean> condition) throws Exception {
        if (!holdsWithin(limitMs, condition)) {
            throw new AssertionError("after " + limitMs + " ms still not: " + what);
        }
    }

    public static boolean holdsWithin(long limitMs, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + limitMs * 1_000_000;
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(20);
        }
        return true;
    }

    private static String brief(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 300 ? text : text.substring(0, 300) + "...";
    }
}
