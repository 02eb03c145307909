package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"maemae"
	"maemae/broker/kis"
	"maemae/strategy"
)

func initCommand() *cobra.Command {
	var from, dir, env string
	c := &cobra.Command{
		Use:   "init [--from FILE]",
		Short: "write config.yaml, strategies.yaml and the key files",
		Long: `init writes a documented config.yaml and a strategies.yaml into a folder, and never over a file that is there.
With --from it takes app key, secret and account out of an existing set-up: a .env or shell file, or a YAML file with
APP_KEY APP_SECRET CANO ACNT_PRDT_CD URL_BASE, or KIS's own kis_devlp.yaml. The keys go into files that only you can read.`,
		Example: "  maemae init --from kis_devlp.yaml --env virtual",
		RunE: func(c *cobra.Command, _ []string) error {
			if env != "paper" && env != "virtual" && env != "real" {
				return hinted(usagef("--env %q", env), "one of paper, virtual, real")
			}
			var keys credentials
			baseURL := ""
			if from != "" {
				var err error
				if keys, baseURL, err = importKeys(from, env); err != nil {
					return err
				}
			}
			return writeSetup(c, dir, env, keys, baseURL)
		},
	}
	c.Flags().StringVar(&from, "from", "", "file with existing keys")
	c.Flags().StringVar(&dir, "dir", ".", "folder to write into")
	c.Flags().StringVar(&env, "env", "paper", "paper, virtual (모의투자) or real")
	return c
}

// importKeys reads the forms of people's existing files.
func importKeys(path, env string) (credentials, string, error) {
	data, err := readBounded(path, 64<<10)
	if err != nil {
		return credentials{}, "", fmt.Errorf("read %s: %w", path, err)
	}
	values, err := keyValues(string(data))
	if err != nil {
		return credentials{}, "", hinted(fmt.Errorf("read %s: %w", path, err), "KEY=value lines, or YAML with KEY: value")
	}
	pick := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(values[n]); v != "" {
				return v
			}
		}
		return ""
	}
	keys := credentials{From: path}
	number, product := pick("CANO", "my_acct_stock"), pick("ACNT_PRDT_CD", "my_prod")
	if env == "real" {
		keys.AppKey, keys.AppSecret = kis.Secret(pick("APP_KEY", "my_app")), kis.Secret(pick("APP_SECRET", "my_sec"))
	} else {
		keys.AppKey, keys.AppSecret = kis.Secret(pick("paper_app", "APP_KEY")), kis.Secret(pick("paper_sec", "APP_SECRET"))
		number = pick("CANO", "my_paper_stock", "my_acct_stock")
	}
	if product == "" {
		product = "01"
	}
	if keys.AppKey == "" || keys.AppSecret == "" || number == "" {
		return credentials{}, "", hinted(fmt.Errorf("%s: no app key, secret and account for %s", path, env), "APP_KEY, APP_SECRET, CANO, ACNT_PRDT_CD; or my_app, my_sec, my_acct_stock (real) and paper_app, paper_sec, my_paper_stock (virtual)")
	}
	keys.Account, err = kis.ParseAccount(number + "-" + product)
	if err != nil {
		return credentials{}, "", fmt.Errorf("%s: %w", path, err)
	}
	base := pick("URL_BASE")
	if strings.Contains(base, "openapivts") != (env != "real") && base != "" && strings.Contains(base, "koreainvestment.com") {
		return credentials{}, "", hinted(fmt.Errorf("%s: URL_BASE %s does not belong to %s", path, base, env), "virtual keys go with openapivts, real keys with openapi; say --env")
	}
	if strings.Contains(base, "koreainvestment.com") {
		base = "" // the environment's own host
	}
	return keys, base, nil
}

// keyValues reads KEY=value lines (with or without export and quotes), or a flat YAML mapping.
func keyValues(text string) (map[string]string, error) {
	out := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	shell := false
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export "))
		k, v, ok := strings.Cut(line, "=")
		if ok && !strings.HasPrefix(line, "#") && !strings.Contains(k, ":") {
			shell = true
			out[strings.TrimSpace(k)] = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	if shell {
		return out, lines.Err()
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, errors.New("neither KEY=value lines nor YAML")
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("no mapping of keys to values")
	}
	m := doc.Content[0]
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i+1].Kind == yaml.ScalarNode {
			out[m.Content[i].Value] = m.Content[i+1].Value // as written: an account number keeps its zeros
		}
	}
	return out, nil
}

func writeSetup(c *cobra.Command, dir, env string, keys credentials, baseURL string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	config := strings.Replace(maemae.ConfigExample, "\nenv: paper\n", "\nenv: "+env+"\n", 1)
	files := []struct {
		name, text string
		mode       os.FileMode
	}{{"strategies.yaml", maemae.Strategies, 0o644}, {"strategies.schema.json", strategy.Schema(), 0o644}}
	if keys.AppKey != "" {
		account := keys.Account.Number + "-" + keys.Account.Product
		config = strings.Replace(config, "  # app_key_file: kis-app-key\n  # app_secret_file: kis-app-secret\n  # account_file: kis-account\n", "  app_key_file: kis-app-key\n  app_secret_file: kis-app-secret\n  account_file: kis-account\n", 1)
		if baseURL != "" {
			config = strings.Replace(config, "  # base_url: http://127.0.0.1:29443\n", "  base_url: "+baseURL+"\n", 1)
		}
		files = append(files, []struct {
			name, text string
			mode       os.FileMode
		}{{"kis-app-key", keys.AppKey.Reveal() + "\n", 0o600}, {"kis-app-secret", keys.AppSecret.Reveal() + "\n", 0o600}, {"kis-account", account + "\n", 0o600}}...)
	}
	files = append(files, struct {
		name, text string
		mode       os.FileMode
	}{"config.yaml", config, 0o600})
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		switch err := writeNew(path, f.text, f.mode); {
		case errors.Is(err, os.ErrExist):
			fmt.Fprintf(c.OutOrStdout(), "kept   %s\n", path)
		case err != nil:
			return err
		default:
			fmt.Fprintf(c.OutOrStdout(), "wrote  %s\n", path)
		}
	}
	return nil
}

func writeNew(path, text string, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
