package main

import "time"

// Config is the configuration file. Its fields are described for operators in docs/operations.md;
// what a file leaves out keeps the value of defaults().
type Config struct {
	Data     string      `yaml:"data"` // directory of the database, keys, certificates, uploads, admin.sock
	Timezone string      `yaml:"timezone"`
	Log      LogConfig   `yaml:"log"`
	Listen   Listen      `yaml:"listen"`
	Limits   Limits      `yaml:"limits"`
	Sessions Sessions    `yaml:"sessions"`
	Failures LoginLimits `yaml:"login_limits"`
	Keep     Retention   `yaml:"retention"`
	Version  Version     `yaml:"version"`
	PBX      PBX         `yaml:"pbx"`

	Departments []Department `yaml:"departments"`
	Users       []User       `yaml:"users"`
	Queues      []Queue      `yaml:"queues"`
	Breaks      []Break      `yaml:"breaks"`
	Procedures  []Procedure  `yaml:"procedures"`
	Links       []Link       `yaml:"links"`

	Plugins Plugins `yaml:"plugins"`
	Flows   Flows   `yaml:"flows"`
}

// Plugins are CRM adapters in processes of their own.
type Plugins struct {
	Dir     string   `yaml:"dir"`     // has a folder with a plugin.yaml for each of them
	Enabled []string `yaml:"enabled"` // names of the folders that count
}

// LogConfig says what is logged and how.
type LogConfig struct {
	Level  level  `yaml:"level"`
	Format string `yaml:"format"` // text or json
}

// Listen says where the server listens.
type Listen struct {
	HTTP       []string    `yaml:"http"`
	HTTPS      []string    `yaml:"https"`
	Metrics    string      `yaml:"metrics"` // "" switches it off
	Names      []string    `yaml:"names"`
	Origins    []string    `yaml:"origins"`
	Redirect   bool        `yaml:"redirect"`
	PublicPort PublicPorts `yaml:"public_port"`
	Proxies    []network   `yaml:"trusted_proxies"`
	TLS        TLSFiles    `yaml:"tls"`
}

// PublicPorts are the ports that clients see behind a proxy. Zero means the listener's own.
type PublicPorts struct {
	HTTP  int `yaml:"http"`
	HTTPS int `yaml:"https"`
}

// TLSFiles name a certificate and its key. Empty means: made by the server itself.
type TLSFiles struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Limits bound what a peer can make grow.
type Limits struct {
	Message     size     `yaml:"message"`
	Depth       int      `yaml:"depth"`
	Queue       size     `yaml:"queue"`
	LinkQueue   size     `yaml:"link_queue"`
	Mailbox     int      `yaml:"mailbox"`
	TabsPerUser int      `yaml:"tabs_per_user"`
	Users       int      `yaml:"users"` // at once; 0 means any number
	LoginWithin duration `yaml:"login_within"`
	Ping        duration `yaml:"ping"`
	Silence     duration `yaml:"silence"`
}

// Sessions says how long a login lasts.
type Sessions struct {
	Life  duration `yaml:"life"`
	Max   duration `yaml:"max"`
	Grace duration `yaml:"grace"` // a user without a channel stays logged in that long
}

// LoginLimits say after how many failures answers to further failures are delayed.
type LoginLimits struct {
	PerAddress int      `yaml:"failures_per_address"`
	PerLogin   int      `yaml:"failures_per_login"`
	Window     duration `yaml:"window"`
}

// Retention says how long history is kept.
type Retention struct {
	Journal duration `yaml:"journal"`
	Events  duration `yaml:"events"`
	Traces  duration `yaml:"traces"`
}

// Version is what getversion tells; clients switch features by it.
type Version struct {
	Build string `yaml:"build"`
	Dated int    `yaml:"dated"`
}

// PBX chooses the telephone system.
type PBX struct {
	Driver string `yaml:"driver"`
	Sim    Sim    `yaml:"sim"`
}

// Sim is the built-in simulator.
type Sim struct {
	Answer  ringing  `yaml:"answer"`
	Outside duration `yaml:"outside"` // how long an outside party rings before it answers
	Remote  bool     `yaml:"remote"`  // /sim/ answers others than loopback too
}

// Department groups users in directories.
type Department struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
}

// User is a person who may log in.
type User struct {
	Login        string    `yaml:"login"`
	ID           string    `yaml:"id"`
	Name         string    `yaml:"name"`
	Password     string    `yaml:"password,secret"`
	PasswordMD5  string    `yaml:"password_md5,secret"`
	IgnoreCase   bool      `yaml:"ignore_case"`
	Number       string    `yaml:"number"`
	Numbers      []string  `yaml:"numbers"`
	Department   string    `yaml:"department"`
	Subordinates []string  `yaml:"subordinates"`
	Supervisor   bool      `yaml:"supervisor"`
	Operator     bool      `yaml:"operator"`
	Dial         []string  `yaml:"dial"`
	Webphone     *Webphone `yaml:"webphone"`

	sealed credential // the password, once the server has taken it in; the texts above are empty then
}

// Webphone is a user's SIP account, given to his browser at login.
type Webphone struct {
	User     string `yaml:"user"`
	Password string `yaml:"password,secret"`
	Port     int    `yaml:"port"`
	Secure   bool   `yaml:"secure"`
}

// Queue is a number where callers wait for one of several users.
type Queue struct {
	ID       string   `yaml:"id"`
	Number   string   `yaml:"number"`
	Name     string   `yaml:"name"`
	Members  []string `yaml:"members"`
	Ring     duration `yaml:"ring"`
	Retry    duration `yaml:"retry"`
	Strategy string   `yaml:"strategy"`
}

// Break is a reason for a pause.
type Break struct {
	ID   int    `yaml:"id"`
	Name string `yaml:"name"`
}

// Procedure is a query that clients may run by its name.
type Procedure struct {
	Name  string   `yaml:"name"`
	SQL   string   `yaml:"sql"`
	Allow []string `yaml:"allow"`
}

// defaults is the configuration of an empty file.
func defaults() Config {
	return Config{
		Data: "./data",
		Log:  LogConfig{Format: "text"},
		Listen: Listen{
			HTTP:    []string{"127.0.0.1:4055"},
			HTTPS:   []string{"127.0.0.1:4443"},
			Metrics: "127.0.0.1:4056",
			Origins: []string{"*"},
		},
		Limits: Limits{
			Message: 1 << 20, Depth: 32, Queue: 4 << 20, LinkQueue: 32 << 20, Mailbox: 64, TabsPerUser: 64,
			LoginWithin: duration(15 * time.Second), Ping: duration(20 * time.Second), Silence: duration(time.Minute),
		},
		Sessions: Sessions{Life: days(1), Max: days(7), Grace: duration(30 * time.Second)},
		Failures: LoginLimits{PerAddress: 10, PerLogin: 5, Window: duration(time.Minute)},
		Keep:     Retention{Journal: days(365), Events: days(7), Traces: days(30)},
		Version:  Version{Build: "2.13.0.210101", Dated: 210101},
		Plugins:  Plugins{Dir: "./plugins"},
		Flows:    Flows{Dir: "./flows", Runs: 20_000},
		PBX:      PBX{Driver: "sim", Sim: Sim{Outside: duration(time.Second)}},
	}
}

func days(n int) duration { return duration(time.Duration(n) * 24 * time.Hour) }

func (u *User) setDefaults() { u.Operator = true }

func (w *Webphone) setDefaults() { w.Secure = true }

func (q *Queue) setDefaults() {
	q.Ring, q.Retry = duration(20*time.Second), duration(5*time.Second)
	q.Strategy = "longest-idle"
}
