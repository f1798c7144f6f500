package console;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONArray;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Map;

/**
 * The official client and tools 5.5.0 at the command of a test: each line of standard input is a JSON array, a command's name and its
 * arguments; each is answered with one line, a JSON object, which has "error" if the command failed.
 */
public final class Console {
    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err); // what the client prints is no answer
        try (Clients clients = new Clients(args[0])) {
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                answers.println(JSON.toJSONString(answer(clients, JSON.parseArray(line))));
                answers.flush();
            }
        }
        System.exit(0);
    }

    private static Map<String, Object> answer(Clients clients, JSONArray command) {
        try {
            return switch (command.getString(0)) {
                case "topic" -> clients.topic(command.getString(1), command.getString(2), command.getIntValue(3));
                case "group" -> clients.group(command.getString(1), command.getString(2), command.getIntValue(3));
                case "send" -> clients.send(command.getString(1), command.getIntValue(2), command.getIntValue(3), command.getIntValue(4),
                    command.getIntValue(5), command.getBooleanValue(6));
                case "consume" -> clients.consume(command.getString(1), command.getString(2), command.getIntValue(3),
                    command.getIntValue(4), command.getIntValue(5));
                case "read" -> clients.read(command.getString(1));
                case "mqadmin" -> Admin.run(command.subList(1, command.size()).toArray(new String[0]));
                default -> Map.of("error", "no such command");
            };
        } catch (Throwable error) {
            return Map.of("error", error.toString());
        }
    }
}
